//! The model gateway: everything that calls a model goes through it.
//!
//! It asks the configured providers in their order (any OpenAI-compatible endpoint, Azure), within the budget of the
//! organisation, and records what it did in the [`crate::decision::Decision`] it is handed. When nobody may or can answer
//! it says why, and the local answer stands: the built-in provider is always last.
//!
//! Rules a newcomer would break: nothing is spent that was not set aside before; no transaction is open while a model is
//! asked; what customers and documents say reaches a model only as quoted data (see [`crate::prompts`]); a message is
//! answered with at most two calls.

pub mod budget;
mod cache;
mod call;
mod embed;
mod guard;
pub mod limits;
mod providers;
mod reply;
mod schema;
mod stream;
mod structured;
mod telling;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use cache::associated as cache_place;
pub use call::{Answered, Ask, MOST_CALLS_A_MESSAGE, Unanswered};
pub use embed::{Embedded, Moderated};
pub use providers::{ProviderStatus, Tier};
pub use reply::{Origin, Reply, ReplyAsk, Turn};
pub use schema::{Schema, SchemaError};
pub use stream::AnswerStream;
pub use structured::{Structured, StructuredAsk};
pub use tokens::bound as most_tokens;

use kernel::db::Db;
use kernel::http::Http;
use kernel::vault::Vault;
use kernel::{Clock, Kernel};

use crate::decision::Decision;
use crate::local::embedder::Embedder;
use budget::Claim;
use providers::{Provider, Rests};

/// How long a provider may take.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The gateway of one process. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    db: Db,
    vault: Vault,
    http: Http,
    providers: Vec<Provider>,
    rests: Rests,
    embedder: Option<Arc<dyn Embedder>>,
}

impl Gateway {
    /// A gateway to the configured providers. The embedder, where there is one, finds repeated questions that are worded
    /// differently, and embeds where no provider does.
    pub fn new(kernel: &Kernel, embedder: Option<Arc<dyn Embedder>>) -> Self {
        Self::with_timeout(kernel, embedder, TIMEOUT)
    }

    /// As [`Gateway::new`], with another longest wait for a provider.
    pub fn with_timeout(kernel: &Kernel, embedder: Option<Arc<dyn Embedder>>, timeout: Duration) -> Self {
        let providers = kernel.config.ai.providers.iter().map(|config| Provider::new(&kernel.http, config, timeout));
        Self {
            inner: Arc::new(Inner {
                clock: kernel.clock.clone(),
                db: kernel.db.clone(),
                vault: kernel.vault.clone(),
                http: kernel.http.clone(),
                providers: providers.collect(),
                rests: Rests::default(),
                embedder,
            }),
        }
    }

    /// Whether any provider is configured.
    pub fn has_providers(&self) -> bool {
        !self.inner.providers.is_empty()
    }

    /// The providers in their order, for the Operations page and the readiness check.
    pub fn providers(&self) -> Vec<ProviderStatus> {
        providers::status(&self.inner.providers, &self.inner.rests, &self.inner.http)
    }

    /// Counts tools about to be called in a decision's turn; refuses past the cap.
    pub async fn use_tools(&self, decision: &Decision, tools: u32) -> Result<(), Unanswered> {
        let claim = Claim { tools: tools.into(), ..Claim::default() };
        budget::reserve(&self.inner.db, &call::spender(decision), claim, self.inner.clock.now()).await?;
        Ok(())
    }
}
