//! Stripe as far as reading money goes: charges, refunds, disputes, events, the account, signed webhooks.
//!
//! A newcomer's mistakes: expecting lists oldest first (they are newest first), reading a charge's refund out of an old event, and
//! sending no `Stripe-Version` where the answer's form matters.

mod lists;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::delivery::{Courier, Parcel};
use crate::grants::bearer;
use crate::server::meter::FixedMeter;
use crate::server::{Handle, Shared, Standin, locked};
use crate::shelf::{Sealed, Shelf};
use crate::sign;
use crate::sources::garbled;

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct StripeConfig {
    /// The account.
    pub account: String,
    /// Keys that work.
    pub keys: Vec<String>,
    /// The version that is served.
    pub version: String,
    /// The endpoint's secret.
    pub webhook_secret: String,
    /// Charges there are at the start.
    pub charges: usize,
    /// Reads in a second.
    pub per_second: u64,
    /// The seed of all ids.
    pub seed: u64,
}

impl Default for StripeConfig {
    fn default() -> Self {
        Self {
            account: "acct_1Standin".into(),
            keys: vec!["rk_live_standin".into()],
            version: "2026-07-29.dahlia".into(),
            webhook_secret: "whsec_standin".into(),
            charges: 230,
            per_second: 1 << 40,
            seed: 21,
        }
    }
}

/// One account.
pub struct Stripe {
    /// How it was set up.
    pub config: StripeConfig,
    shared: Arc<Shared>,
    courier: Courier,
    shelf: Shelf,
    keys: Mutex<Vec<String>>,
    meter: Mutex<FixedMeter>,
}

impl Standin for Stripe {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

/// `{"error":{…}}`.
pub(crate) fn error(status: u16, kind: &str, code: Option<&str>, message: &str) -> Response {
    let mut error =
        json!({"type": kind, "message": message, "request_log_url": "https://dashboard.stripe.com/logs/req_1"});
    if let Some(code) = code {
        error["code"] = json!(code);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(json!({ "error": error }))).into_response()
}

fn wording(status: u16, name: Option<&str>) -> Response {
    match (status, name) {
        (_, Some("rate_limit")) | (429, _) => {
            error(429, "invalid_request_error", Some("rate_limit"), "Too many requests.")
        }
        (_, Some("lock_timeout")) | (409, _) => {
            error(409, "invalid_request_error", Some("lock_timeout"), "This object is in use.")
        }
        (401, _) => error(401, "invalid_request_error", None, "Invalid API Key provided: rk_live_****"),
        _ => error(status, "api_error", None, "Sorry, there was an error on our end."),
    }
}

fn seal(key: &str, _url: &str, body: &[u8], now_s: i64) -> Vec<(&'static str, String)> {
    vec![("stripe-signature", sign::stripe(key, body, now_s))]
}

impl Stripe {
    /// Starts an account on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: StripeConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("stripe", config.seed, wording);
        let sealed = Sealed { shared: Arc::clone(&shared), key: config.webhook_secret.clone(), seal };
        let courier = Courier::new(Arc::clone(&shared), sealed);
        let keys = Mutex::new(config.keys.clone());
        let stripe = Self { config, shared, courier, shelf: Shelf::new(), keys, meter: Mutex::default() };
        stripe.seed();
        let stripe = Arc::new(stripe);
        Handle::start(bind, Arc::clone(&stripe), routes(stripe)).await
    }

    fn seed(&self) {
        for n in 0..self.config.charges {
            let email = format!("person{}@example.com", n % 40);
            let id = self.charge(1000 + 137 * n as i64, if n % 11 == 0 { "jpy" } else { "usd" }, &email);
            if n % 9 == 0 {
                self.refund(&id, 500);
            }
        }
        let test = self.charge(999_999, "usd", "test@example.com");
        self.change(&test, |charge| charge["livemode"] = json!(false));
        let failed = self.charge(5000, "usd", "failed@example.com");
        self.change(&failed, |charge| {
            charge["status"] = json!("failed");
            charge["paid"] = json!(false);
        });
        let lost = self.charge(7000, "usd", "lost@example.com");
        self.dispute(&lost, "lost");
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        if let Some(mut charge) = self.shelf.find("charges", "id", id) {
            change(&mut charge);
            self.shelf.put("charges", "id", charge);
        }
    }

    /// A person pays; three charges at a time share a second. Gives the charge's id.
    pub fn charge(&self, amount: i64, currency: &str, email: &str) -> String {
        let number = self.shelf.number();
        let at = self.shelf.tick(if number % 3 == 0 { 60_000 } else { 0 }) / 1000;
        let id = format!("ch_{number}");
        let charge = json!({
            "id": id, "object": "charge", "amount": amount, "amount_captured": amount, "amount_refunded": 0, "currency": currency,
            "captured": true, "paid": true, "refunded": false, "disputed": false, "status": "succeeded", "customer": format!("cus_{email}"),
            "payment_intent": format!("pi_{number}"), "balance_transaction": format!("txn_{number}"), "created": at, "livemode": true,
            "metadata": {}, "billing_details": {"email": email, "name": null, "phone": null}, "receipt_email": null, "failure_code": null,
        });
        self.tell("charge.succeeded", &charge, at);
        self.shelf.put("charges", "id", charge);
        id
    }

    /// Money goes back to a person. Gives the refund's id.
    pub fn refund(&self, charge: &str, amount: i64) -> String {
        let number = self.shelf.number();
        let at = self.shelf.tick(1000) / 1000;
        let Some(mut held) = self.shelf.find("charges", "id", charge) else { return String::new() };
        held["amount_refunded"] = json!(held["amount_refunded"].as_i64().unwrap_or_default() + amount);
        let id = format!("re_{number}");
        let refund = json!({
            "id": id, "object": "refund", "amount": amount, "currency": held["currency"], "charge": charge, "created": at,
            "status": "succeeded", "reason": "requested_by_customer", "payment_intent": held["payment_intent"], "metadata": {},
        });
        self.shelf.put("refunds", "id", refund);
        self.tell("charge.refunded", &held, at);
        self.shelf.put("charges", "id", held);
        id
    }

    /// A bank takes a payment back, or tries to. The same charge again changes its dispute.
    pub fn dispute(&self, charge: &str, status: &str) -> String {
        let Some(mut held) = self.shelf.find("charges", "id", charge) else { return String::new() };
        let at = self.shelf.tick(1000) / 1000;
        held["disputed"] = json!(true);
        let id = format!("dp_{}", charge.trim_start_matches("ch_"));
        let created =
            self.shelf.find("disputes", "id", &id).and_then(|dispute| dispute["created"].as_i64()).unwrap_or(at);
        let dispute = json!({
            "id": id, "object": "dispute", "amount": held["amount"], "currency": held["currency"], "charge": charge, "created": created,
            "status": status, "reason": "fraudulent", "livemode": true, "metadata": {},
        });
        self.shelf.put("charges", "id", held);
        let closed = matches!(status, "lost" | "won");
        self.tell(if closed { "charge.dispute.closed" } else { "charge.dispute.created" }, &dispute, at);
        self.shelf.put("disputes", "id", dispute);
        id
    }

    /// An event: kept, and sent to the endpoint.
    fn tell(&self, kind: &str, object: &Value, at: i64) {
        let live = object["livemode"].as_bool().unwrap_or(true);
        let event = json!({
            "id": format!("evt_{}", self.shelf.number()), "object": "event", "api_version": self.config.version, "created": at,
            "type": kind, "livemode": live, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
            "data": {"object": object},
        });
        self.shelf.put("events", "id", event.clone());
        self.courier.send(Parcel { lane: kind.to_owned(), group: "event".to_owned(), part: event, hold_ms: 0 });
    }

    /// Days pass: what happens next happens then.
    pub fn days_pass(&self, days: i64) {
        self.shelf.tick(days * 86_400_000);
    }

    /// Sends webhooks to `url` from now on.
    pub fn webhooks_to(&self, url: &str) {
        self.courier.verified(url);
    }

    /// The seconds of the newest record.
    pub fn newest_s(&self) -> i64 {
        self.shelf.tick(0) / 1000
    }

    /// Withdraws every key.
    pub fn revoke(&self) {
        locked(&self.keys).clear();
    }

    /// Why a request is not served.
    fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        if !locked(&self.keys).iter().any(|key| key == bearer(headers)) {
            return Some(wording(401, None));
        }
        let version = headers.get("stripe-version").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if version != self.config.version {
            return Some(error(400, "invalid_request_error", None, &format!("Invalid Stripe API version: {version}")));
        }
        let now = self.shared.clock.now_ms();
        let allowed = locked(&self.meter).take("reads", now, self.config.per_second, 1000).allowed;
        (!allowed).then(|| wording(429, None))
    }

    /// An object with what `expand[]` asks for in it.
    fn expanded(&self, mut object: Value, expand: bool) -> Value {
        if expand && let Some(charge) = object["charge"].as_str().and_then(|id| self.shelf.find("charges", "id", id)) {
            object["charge"] = charge;
        }
        object
    }
}

/// The decoded pairs of a query, repeated names kept.
fn asked(parts: &Parts) -> (BTreeMap<String, String>, Vec<(String, String)>) {
    let query = parts.uri.query().unwrap_or_default();
    let all = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .filter_map(|pair| crate::server::form::pairs(pair).into_iter().next());
    (crate::server::form::pairs(query), all.collect())
}

fn routes(stripe: Arc<Stripe>) -> Router {
    Router::new()
        .route("/v1/account", get(lists::account))
        .route("/v1/{list}", get(lists::list))
        .route("/v1/{list}/{id}", get(lists::show))
        .layer(axum::middleware::from_fn(garbled))
        .with_state(stripe)
}
