//! `CallTrackingMetrics`: accounts and calls behind basic authentication, pages by address, and signed triggers.

mod hooks;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Days, NaiveDate};
use serde_json::{Value, json};

use crate::delivery::Courier;
use crate::server::form::pairs;
use crate::server::meter::FixedMeter;
use crate::server::{Handle, Shared, Standin, locked};
use crate::sources::{Plain, garbled, repeats, told};

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct CtmConfig {
    /// The access key.
    pub access_key: String,
    /// Its secret, which also signs triggers.
    pub secret_key: String,
    /// The account.
    pub account: u64,
    /// The last day that has data.
    pub today: NaiveDate,
    /// How many days have data.
    pub days: u32,
    /// Requests in a minute.
    pub per_minute: u64,
    /// The seed of all ids and numbers.
    pub seed: u64,
}

impl Default for CtmConfig {
    fn default() -> Self {
        Self {
            access_key: "a533886d4c6f".into(),
            secret_key: "standin-ctm-secret".into(),
            account: 533_886,
            today: NaiveDate::from_ymd_opt(2026, 10, 15).unwrap_or_default(),
            days: 45,
            per_minute: 1000,
            seed: 14,
        }
    }
}

#[derive(Default)]
pub(super) struct Data {
    pub calls: Vec<Value>,
    pub closed: bool,
    pub meter: FixedMeter,
}

/// One account.
pub struct Ctm {
    /// How it was set up.
    pub config: CtmConfig,
    shared: Arc<Shared>,
    courier: Courier,
    data: Mutex<Data>,
}

impl Standin for Ctm {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

impl Ctm {
    /// Starts a `CallTrackingMetrics` on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: CtmConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("ctm", config.seed, wording);
        let signed = hooks::Signed { shared: Arc::clone(&shared), secret: config.secret_key.clone() };
        let courier = Courier::new(Arc::clone(&shared), signed);
        let ctm = Self { config, shared, courier, data: Mutex::default() };
        for back in (0..u64::from(ctm.config.days)).rev() {
            if let Some(day) = ctm.config.today.checked_sub_days(Days::new(back)) {
                ctm.day_comes(day);
            }
        }
        let ctm = Arc::new(ctm);
        Handle::start(bind, Arc::clone(&ctm), routes(ctm)).await
    }

    /// The key is withdrawn.
    pub fn revoke(&self) {
        self.data(|data| data.closed = true);
    }

    /// A day passes: one to three calls.
    pub fn day_comes(&self, day: NaiveDate) {
        for turn in 0..=self.shared.dice.below(3) {
            let at = format!("{day}T{:02}:{:02}:00-04:00", 8 + turn * 3, self.shared.dice.below(60));
            self.call_comes(&at);
        }
    }

    /// Somebody calls at `at` (RFC 3339 with the account's offset); its id.
    pub fn call_comes(&self, at: &str) -> u64 {
        let dice = &self.shared.dice;
        let when = DateTime::parse_from_rfc3339(at).unwrap_or_default();
        let (answered, id) = (dice.chance(0.7), 1_400_000_000 + dice.below(90_000_000));
        let talked = if answered { 30 + dice.below(500) } else { 0 };
        let status = if answered { "answered" } else { "no-answer" };
        let call = json!({
            "id": id, "sid": format!("CAL{}", dice.hex(16).to_uppercase()), "account_id": self.config.account,
            "name": "Ana Ruiz", "direction": "inbound", "source": "Google Ads", "tracking_number": "+14105550100",
            "tracking_label": "Main", "business_number": "+14105550111", "caller_number": format!("+1214555{}", dice.digits(4)),
            "called_at": when.format("%Y-%m-%d %I:%M %p %:z").to_string(), "unix_time": when.timestamp(),
            "duration": talked + 24, "talk_time": talked, "ring_time": 24, "hold_time": 0, "wait_time": 0,
            "dial_status": status, "call_status": status, "status": "completed", "is_new_caller": dice.chance(0.6),
            "city": "Dallas", "state": "TX", "country": "US", "tag_list": [], "notes": "",
            "paid": { "source": "google", "medium": "cpc", "campaign": "implants" },
        });
        self.data(|data| data.calls.push(call));
        id
    }

    /// Somebody tags a call after the fact.
    pub fn call_is_tagged(&self, id: u64, tag: &str) {
        self.data(|data| {
            if let Some(call) = data.calls.iter_mut().find(|call| call["id"] == id) {
                call["tag_list"] = json!([tag]);
            }
        });
    }

    /// How many calls and calls of new callers there are.
    pub fn counts(&self) -> [usize; 2] {
        self.data(|data| {
            let new = data.calls.iter().filter(|call| call["is_new_caller"] == true).count();
            [data.calls.len(), new]
        })
    }

    fn data<T>(&self, act: impl FnOnce(&mut Data) -> T) -> T {
        act(&mut locked(&self.data))
    }

    fn admit(&self, parts: &Parts) -> Result<(), Plain> {
        let given = parts.headers.get(AUTHORIZATION).map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
        let pair = format!("{}:{}", self.config.access_key, self.config.secret_key);
        let expected = format!("Basic {}", STANDARD.encode(pair));
        if given != expected.as_bytes() || self.data(|data| data.closed) {
            return Err(said(401));
        }
        let now = self.shared.clock.now_ms();
        let reading = self.data(|data| data.meter.take("account", now, self.config.per_minute, 60_000));
        if reading.allowed { Ok(()) } else { Err(said(429)) }
    }
}

fn routes(ctm: Arc<Ctm>) -> Router {
    Router::new()
        .route("/api/v1/accounts", get(accounts))
        .route("/api/v1/accounts/{account}/calls", get(calls))
        .layer(axum::middleware::from_fn(garbled))
        .with_state(ctm)
}

async fn accounts(State(ctm): State<Arc<Ctm>>, parts: Parts) -> Result<Json<Value>, Plain> {
    ctm.admit(&parts)?;
    Ok(Json(json!({
        "accounts": [{ "id": ctm.config.account, "name": "Acme Dental", "status": "active", "default_time_zone": "America/New_York" }],
        "page": 1, "total_entries": 1, "total_pages": 1, "per_page": 10,
    })))
}

async fn calls(State(ctm): State<Arc<Ctm>>, Path(account): Path<u64>, parts: Parts) -> Result<Json<Value>, Plain> {
    ctm.admit(&parts)?;
    if account != ctm.config.account {
        return Err(said(404));
    }
    let query = pairs(parts.uri.query().unwrap_or_default());
    let number = |name: &str, usual: usize| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual).max(1);
    let (page, size) = (number("page", 1), number("per_page", 10));
    if size > 150 {
        return Err(Plain::new(400, "per_page limit is 150"));
    }
    let page = if repeats(&parts.extensions) { 1 } else { page };
    let (from, to) = (day(&query, "start_date")?, day(&query, "end_date")?);
    let mut calls = ctm.data(|data| data.calls.clone());
    // `called_at` begins with the day in the account's time.
    calls.retain(|call| {
        let on = call["called_at"].as_str().and_then(|at| at.get(..10)?.parse::<NaiveDate>().ok());
        on.is_some_and(|on| from.is_none_or(|from| from <= on) && to.is_none_or(|to| on <= to))
    });
    calls.sort_by_key(|call| std::cmp::Reverse((call["unix_time"].as_i64(), call["id"].as_u64())));
    let total = calls.len();
    let shown: Vec<&Value> = calls.iter().skip((page - 1) * size).take(size).collect();
    let mut asked = query.clone();
    asked.insert("page".to_owned(), (page + 1).to_string());
    let asked: Vec<String> = asked.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let next =
        (page * size < total).then(|| format!("{}{}?{}", ctm.shared.base_url(), parts.uri.path(), asked.join("&")));
    let told = told(&parts.extensions, total);
    Ok(Json(json!({
        "calls": shown, "page": page, "per_page": size, "total_entries": told, "total_pages": told.div_ceil(size),
        "next_page": next, "previous_page": Value::Null,
    })))
}

fn day(query: &BTreeMap<String, String>, name: &str) -> Result<Option<NaiveDate>, Plain> {
    let Some(text) = query.get(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Plain::new(400, &format!("{name} is not a date")))
}

fn said(status: u16) -> Plain {
    let message = match status {
        401 => "Unauthorized",
        404 => "Not Found",
        429 => "Too Many Requests",
        500.. => "Internal Server Error",
        _ => "Bad Request",
    };
    Plain::new(status, message)
}

fn wording(status: u16, _name: Option<&str>) -> Response {
    said(status).into_response()
}
