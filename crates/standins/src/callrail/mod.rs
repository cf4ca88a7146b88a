//! CallRail: an account with companies, calls and forms, offset pages, and signed webhooks that are sent once.
//!
//! A newcomer's mistakes: `recording_duration` is text where `duration` is a number, a webhook's ids and durations are of the other
//! type, and a webhook that was missed never comes again.

mod calls;
mod hooks;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{Days, NaiveDate};
use serde_json::Value;

use crate::delivery::Courier;
use crate::server::meter::FixedMeter;
use crate::server::{Handle, Shared, Standin, locked};
use crate::sources::{Plain, garbled};

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct CallRailConfig {
    /// Keys that work.
    pub keys: Vec<String>,
    /// The account.
    pub account: String,
    /// The company.
    pub company: String,
    /// What its webhooks are signed with.
    pub signing_key: String,
    /// The last day that has data; nothing is kept beyond 25 months before it.
    pub today: NaiveDate,
    /// How many days have data.
    pub days: u32,
    /// Requests in an hour.
    pub per_hour: u64,
    /// The seed of all ids and numbers.
    pub seed: u64,
}

impl Default for CallRailConfig {
    fn default() -> Self {
        Self {
            keys: vec!["standin-callrail-key".into()],
            account: "ACC5f0c1a".into(),
            company: "COM2b9e71".into(),
            signing_key: "standin-callrail-signing-key".into(),
            today: NaiveDate::from_ymd_opt(2026, 10, 15).unwrap_or_default(),
            days: 45,
            per_hour: 1000,
            seed: 13,
        }
    }
}

#[derive(Default)]
pub(super) struct Data {
    pub keys: Vec<String>,
    pub calls: Vec<Value>,
    pub forms: Vec<Value>,
    pub meter: FixedMeter,
}

/// One account.
pub struct CallRail {
    /// How it was set up.
    pub config: CallRailConfig,
    shared: Arc<Shared>,
    courier: Courier,
    data: Mutex<Data>,
}

impl Standin for CallRail {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

impl CallRail {
    /// Starts a CallRail on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: CallRailConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("callrail", config.seed, wording);
        let courier = Courier::new(Arc::clone(&shared), hooks::Signed { key: config.signing_key.clone() });
        let data = Mutex::new(Data { keys: config.keys.clone(), ..Data::default() });
        let callrail = Self { config, shared, courier, data };
        for back in (0..u64::from(callrail.config.days)).rev() {
            if let Some(day) = callrail.config.today.checked_sub_days(Days::new(back)) {
                callrail.day_comes(day);
            }
        }
        let callrail = Arc::new(callrail);
        Handle::start(bind, Arc::clone(&callrail), routes(callrail)).await
    }

    /// No key works any more.
    pub fn revoke(&self) {
        self.data(|data| data.keys.clear());
    }

    fn data<T>(&self, act: impl FnOnce(&mut Data) -> T) -> T {
        act(&mut locked(&self.data))
    }

    /// The key and the quota.
    fn admit(&self, parts: &Parts) -> Result<(), Plain> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = header.strip_prefix("Token token=").unwrap_or_default().trim_matches('"');
        if !self.data(|data| data.keys.iter().any(|known| known == key)) {
            return Err(said(401, None));
        }
        let now = self.shared.clock.now_ms();
        let reading = self.data(|data| data.meter.take("account", now, self.config.per_hour, 3_600_000));
        if reading.allowed { Ok(()) } else { Err(said(429, None)) }
    }
}

fn routes(callrail: Arc<CallRail>) -> Router {
    Router::new()
        .route("/v3/a.json", get(calls::accounts))
        .route("/v3/a/{account}/companies.json", get(calls::companies))
        .route("/v3/a/{account}/calls.json", get(calls::calls))
        .route("/v3/a/{account}/form_submissions.json", get(calls::forms))
        .layer(axum::middleware::from_fn(garbled))
        .with_state(callrail)
}

fn wording(status: u16, name: Option<&str>) -> Response {
    said(status, name).into_response()
}

fn said(status: u16, name: Option<&str>) -> Plain {
    let message = match status {
        401 => "HTTP Token: Access denied.",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Rate limit exceeded",
        500.. => "Internal Server Error",
        _ => name.unwrap_or("Bad Request"),
    };
    Plain::new(status, message)
}
