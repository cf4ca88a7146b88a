//! The configured providers in their order, and which of them are worth asking now.
//!
//! The breaker that opens after a run of failures belongs to [`kernel::http`]; here are the reasons it does not know:
//! a wrong key, an empty account, a provider that asked us to come back later.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors::openai::failure::{Failure, FailureKind};
use connectors::openai::{Dialect, Endpoint, OpenAi};
use kernel::config::{ProviderConfig, ProviderKind};
use kernel::http::{BreakerMode, Http};
use serde::{Deserialize, Serialize};

/// A wrong key or an empty account is looked at again after this.
const REST_AFTER_REFUSAL: Duration = Duration::from_secs(60);
/// A shorter wait is waited out; a longer one sends the call to the next provider.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Azure's version where none is configured.
const AZURE_API_VERSION: &str = "2024-10-21";

/// How good the answer must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Quick and cheap.
    #[default]
    Fast,
    /// The best there is.
    Quality,
}

/// One configured provider.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) client: OpenAi,
    fast_model: String,
    quality_model: Option<String>,
    pub(super) embedding_model: Option<String>,
    pub(super) moderation_model: Option<String>,
    /// US dollars a million tokens, which is micro-dollars a token.
    input_price: f64,
    output_price: f64,
}

impl Provider {
    pub(super) fn new(http: &Http, config: &ProviderConfig, timeout: Duration) -> Self {
        let dialect = match config.kind {
            ProviderKind::Openai => Dialect::OpenAi,
            ProviderKind::Azure => Dialect::Azure {
                api_version: config.api_version.clone().unwrap_or_else(|| AZURE_API_VERSION.to_owned()),
            },
        };
        let endpoint = Endpoint {
            name: config.name.clone(),
            base_url: config.base_url.clone(),
            api_key: config.api_key.reveal().to_owned(),
            dialect,
            timeout,
        };
        Self {
            client: OpenAi::new(http.clone(), endpoint),
            fast_model: config.fast_model.clone(),
            quality_model: config.quality_model.clone(),
            embedding_model: config.embedding_model.clone(),
            moderation_model: config.moderation_model.clone(),
            input_price: config.input_price,
            output_price: config.output_price,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.client.endpoint().name
    }

    pub(super) fn model(&self, tier: Tier) -> &str {
        match (tier, &self.quality_model) {
            (Tier::Quality, Some(model)) => model,
            _ => &self.fast_model,
        }
    }

    /// The price of so many tokens, in millionths of a US dollar, rounded up.
    pub(super) fn price(&self, tokens_in: u64, tokens_out: u64) -> i64 {
        (tokens_in as f64 * self.input_price + tokens_out as f64 * self.output_price).ceil() as i64
    }
}

/// A provider as the Operations page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderStatus {
    /// Its name.
    pub name: String,
    /// Its models, the fast one first.
    pub models: Vec<String>,
    /// Its breaker.
    pub breaker: BreakerMode,
    /// Until when it is left alone for another reason.
    pub resting_until: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
}

/// Which providers rest, and why.
#[derive(Debug, Default)]
pub(super) struct Rests(Mutex<BTreeMap<String, (DateTime<Utc>, String)>>);

impl Rests {
    pub(super) fn is_resting(&self, name: &str, now: DateTime<Utc>) -> bool {
        self.lock().get(name).is_some_and(|(until, _)| now < *until)
    }

    pub(super) fn reason(&self, name: &str, now: DateTime<Utc>) -> Option<(DateTime<Utc>, String)> {
        self.lock().get(name).filter(|(until, _)| now < *until).cloned()
    }

    pub(super) fn answered(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Lets a provider rest where its failure says that asking again at once is useless.
    pub(super) fn failed(&self, name: &str, failure: &Failure, now: DateTime<Utc>) {
        let rest = match failure.kind {
            FailureKind::InvalidKey | FailureKind::QuotaExhausted | FailureKind::Forbidden => REST_AFTER_REFUSAL,
            FailureKind::RateLimited | FailureKind::Unavailable => match failure.retry_after {
                Some(wait) if wait > LONGEST_PAUSE => wait,
                _ => return,
            },
            _ => return,
        };
        let until = now + chrono::Duration::from_std(rest).unwrap_or(chrono::Duration::hours(1));
        self.lock().insert(name.to_owned(), (until, failure.to_string()));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (DateTime<Utc>, String)>> {
        // Every change is one map operation, so a poisoned lock guards sound data.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn status(providers: &[Provider], rests: &Rests, http: &Http) -> Vec<ProviderStatus> {
    let (now, breakers) = (http.clock().now(), http.breakers());
    let breaker = |name: &str| {
        let service = format!("ai.{name}");
        breakers.iter().find(|state| state.service == service).map_or(BreakerMode::Closed, |state| state.mode)
    };
    providers
        .iter()
        .map(|provider| {
            let rest = rests.reason(provider.name(), now);
            let mut models = vec![provider.fast_model.clone()];
            models.extend(provider.quality_model.clone().filter(|model| *model != provider.fast_model));
            ProviderStatus {
                name: provider.name().to_owned(),
                models,
                breaker: breaker(provider.name()),
                resting_until: rest.as_ref().map(|(until, _)| *until),
                reason: rest.map(|(_, reason)| reason),
            }
        })
        .collect()
}
