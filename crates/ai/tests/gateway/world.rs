//! A database, an organisation, and as many providers as a test wants.

use std::sync::Arc;
use std::time::Duration;

use ai::decision::Decision;
use ai::gateway::budget::{self, Cost};
use ai::gateway::limits::{self, OwnLimits};
use ai::gateway::{Ask, Gateway};
use ai::local::embedder::Embedder;
use connectors::openai::chat::Message;
use kernel::config::{ProviderConfig, Secret};
use kernel::ids::{ConversationId, MessageId, OrgId};
use kernel::testing::TestDb;
use kernel::{Clock, Kernel};
use standins::openai::{OpenAi, OpenAiConfig};
use standins::{Fault, Handle, Rule};

pub const CHAT: &str = "POST */chat/completions";

pub struct World {
    pub kernel: Kernel,
    pub org: OrgId,
    pub models: Vec<Handle<OpenAi>>,
    pub gateway: Gateway,
    pub db: TestDb,
}

impl World {
    /// With `count` providers, `first`, `second`, …, on the machine's clock.
    pub async fn with(count: usize) -> Self {
        Self::build(count, Clock::system(), None).await
    }

    pub async fn build(count: usize, clock: Clock, embedder: Option<Arc<dyn Embedder>>) -> Self {
        let db = TestDb::new().await;
        let mut models = Vec::new();
        for _ in 0..count {
            let model = OpenAi::start(OpenAiConfig::default(), ([127, 0, 0, 1], 0).into()).await;
            models.push(model.expect("a free port"));
        }
        let names = ["first", "second", "third"];
        let providers = models.iter().zip(names).map(|(model, name)| provider(name, model.base_url())).collect();
        let kernel = db.kernel_with(clock, |config| config.ai.providers = providers).await;
        let org = db.org(&kernel, "Northwind Dental & Aesthetics").await;
        let gateway = Gateway::with_timeout(&kernel, embedder, Duration::from_millis(800));
        Self { kernel, org, models, gateway, db }
    }

    /// A decision about a new message in a new conversation.
    pub fn decision(&self) -> Decision {
        let clock = &self.kernel.clock;
        Decision::new(self.org, "reply", "test.1", clock).about(ConversationId::new(clock), MessageId::new(clock))
    }

    pub async fn limit(&self, own: OwnLimits) {
        let mut tx = self.kernel.db.begin(self.org).await.expect("a transaction");
        limits::set(&mut tx, &own).await.expect("limits");
        tx.commit().await.expect("a commit");
    }

    /// What today has used, and what is set aside.
    pub async fn spent_today(&self) -> (Cost, Cost) {
        let mut tx = self.kernel.db.begin(self.org).await.expect("a transaction");
        budget::spent(&mut tx, "day", &budget::day(self.kernel.clock.now())).await.expect("a row")
    }

    /// How many chat requests reached a provider.
    pub fn asked(&self, provider: usize) -> usize {
        self.models[provider].requests().iter().filter(|request| request.path.ends_with("/chat/completions")).count()
    }

    pub fn fail(&self, provider: usize, times: u64, fault: Fault) {
        self.models[provider].fail(Rule::next(CHAT, times, fault));
    }
}

/// A plain question.
pub fn plain() -> Ask {
    let rules = "We open at nine in the morning.";
    Ask::new("plain", "test.1", vec![Message::system(rules), Message::user("When do you open?")], 100)
}

pub fn quirk(name: &str) -> Fault {
    Fault::Quirk { name: name.to_owned() }
}

pub fn error(name: &str) -> Fault {
    Fault::Error { name: name.to_owned(), retry_after: None }
}

fn provider(name: &str, base_url: &str) -> ProviderConfig {
    ProviderConfig {
        name: name.to_owned(),
        base_url: format!("{base_url}/v1"),
        api_key: Secret::new("sk-standin-0001"),
        fast_model: "standin-fast".to_owned(),
        quality_model: Some("standin-quality".to_owned()),
        embedding_model: Some("text-embedding-3-small".to_owned()),
        moderation_model: Some("omni-moderation-latest".to_owned()),
        kind: kernel::config::ProviderKind::Openai,
        api_version: None,
        input_price: 2.0,
        output_price: 8.0,
    }
}
