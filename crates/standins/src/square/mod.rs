//! Square as far as reading goes: places, payments, refunds, bookings, customers, tokens that end, signed webhooks.
//!
//! A newcomer's mistakes: leaving `location_id` out (only the main place is told then), an empty list (the field is left out), and
//! a stretch of bookings longer than 31 days.

mod lists;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::DateTime;
use serde_json::{Value, json};

use crate::delivery::{Courier, Parcel};
use crate::grants::{Denied, Grants, bearer};
use crate::server::{Handle, Shared, Standin};
use crate::shelf::{Sealed, Shelf};
use crate::sign;
use crate::sources::garbled;

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct SquareConfig {
    /// The merchant.
    pub merchant: String,
    /// The app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long an access token lives, in seconds.
    pub access_s: i64,
    /// The version that is served.
    pub version: String,
    /// The key of webhook signatures.
    pub signature_key: String,
    /// Payments there are at the start, over all places.
    pub payments: usize,
    /// The seed of all ids.
    pub seed: u64,
}

impl Default for SquareConfig {
    fn default() -> Self {
        Self {
            merchant: "MLSTANDIN".into(),
            client_id: "sq0idp-standin".into(),
            client_secret: "sq0csp-standin".into(),
            access_s: 30 * 86_400,
            version: "2025-08-20".into(),
            signature_key: "standin-square-key".into(),
            payments: 260,
            seed: 24,
        }
    }
}

/// One merchant.
pub struct Square {
    /// How it was set up.
    pub config: SquareConfig,
    /// The app and what was granted to it.
    pub grants: Grants,
    shared: Arc<Shared>,
    courier: Courier,
    shelf: Shelf,
}

impl Standin for Square {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

/// `{"errors":[…]}`.
fn error(status: u16, category: &str, code: &str, detail: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(json!({"errors": [{"category": category, "code": code, "detail": detail}]}))).into_response()
}

fn wording(status: u16, name: Option<&str>) -> Response {
    match (status, name) {
        (_, Some("ACCESS_TOKEN_REVOKED")) => {
            error(401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_REVOKED", "The access token was revoked.")
        }
        (_, Some("ACCESS_TOKEN_EXPIRED")) => {
            error(401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED", "The access token has expired.")
        }
        (401, _) => error(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", "This request could not be authorized."),
        (429, _) => error(429, "RATE_LIMIT_ERROR", "RATE_LIMITED", "Too many requests."),
        _ => error(status, "API_ERROR", "INTERNAL_SERVER_ERROR", "An internal error has occurred."),
    }
}

fn seal(key: &str, url: &str, body: &[u8], _now_s: i64) -> Vec<(&'static str, String)> {
    vec![("x-square-hmacsha256-signature", sign::square(key, url, body))]
}

fn iso(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

impl Square {
    /// Starts a merchant on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: SquareConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("square", config.seed, wording);
        let sealed = Sealed { shared: Arc::clone(&shared), key: config.signature_key.clone(), seal };
        let courier = Courier::new(Arc::clone(&shared), sealed);
        let grants = Grants::new(&config.client_id, &config.client_secret, config.access_s, false);
        let square = Self { config, grants, shared, courier, shelf: Shelf::new() };
        square.seed();
        let square = Arc::new(square);
        Handle::start(bind, Arc::clone(&square), routes(square)).await
    }

    fn seed(&self) {
        for (id, status) in [("LMAIN", "ACTIVE"), ("LNORTH", "ACTIVE"), ("LCLOSED", "INACTIVE")] {
            self.shelf.put("locations", "id", json!({"id": id, "name": id, "status": status, "currency": "USD"}));
        }
        for n in 0..30 {
            let email = format!("client{n}@example.com");
            self.shelf.put(
                "customers",
                "id",
                json!({"id": format!("CUST{n}"), "email_address": email, "phone_number": "+12145550123"}),
            );
        }
        for n in 0..self.config.payments {
            let place = if n % 2 == 0 { "LMAIN" } else { "LNORTH" };
            let id = self.payment(place, 1000 + n as i64, &format!("CUST{}", n % 30));
            if n % 10 == 0 {
                self.refund(&id, 100);
            }
            if n % 120 == 0 {
                self.booking(place, &format!("CUST{}", n % 30), if n == 120 { "NO_SHOW" } else { "ACCEPTED" });
            }
        }
        let pending = self.payment("LMAIN", 77_000, "CUST1");
        self.change("payments", &pending, |payment| payment["status"] = json!("APPROVED"));
    }

    fn change(&self, list: &'static str, id: &str, change: impl FnOnce(&mut Value)) {
        let at = iso(self.shelf.tick(1000));
        if let Some(mut held) = self.shelf.find(list, "id", id) {
            change(&mut held);
            held["updated_at"] = json!(at);
            self.shelf.put(list, "id", held.clone());
            self.tell(list.trim_end_matches('s'), "updated", &held);
        }
    }

    /// A person pays; three at a time share a stamp. Gives the payment's id.
    pub fn payment(&self, place: &str, amount: i64, customer: &str) -> String {
        let number = self.shelf.number();
        let at = iso(self.shelf.tick(if number % 3 == 0 { 60_000 } else { 0 }));
        let id = format!("pay{number}");
        let money = json!({"amount": amount, "currency": "USD"});
        let payment = json!({
            "id": id, "created_at": at, "updated_at": at, "amount_money": money, "total_money": money, "status": "COMPLETED",
            "source_type": "CARD", "location_id": place, "order_id": format!("ord{number}"), "customer_id": customer, "refund_ids": [],
        });
        self.shelf.put("payments", "id", payment.clone());
        self.tell("payment", "created", &payment);
        id
    }

    /// Money of a payment goes back.
    pub fn refund(&self, payment: &str, amount: i64) {
        let Some(held) = self.shelf.find("payments", "id", payment) else { return };
        let number = self.shelf.number();
        let at = iso(self.shelf.tick(1000));
        let refund = json!({
            "id": format!("{payment}_ref{number}"), "status": "COMPLETED", "amount_money": {"amount": amount, "currency": "USD"},
            "payment_id": payment, "location_id": held["location_id"], "customer_id": held["customer_id"], "created_at": at, "updated_at": at,
            "reason": "asked",
        });
        self.shelf.put("refunds", "id", refund.clone());
        self.tell("refund", "created", &refund);
    }

    /// A person books a time that begins a day later. Gives the booking's id.
    pub fn booking(&self, place: &str, customer: &str, status: &str) -> String {
        let id = format!("bk{}", self.shelf.number());
        let at = self.shelf.tick(1000);
        let booking = json!({
            "id": id, "version": 1, "status": status, "created_at": iso(at), "updated_at": iso(at), "start_at": iso(at + 86_400_000),
            "location_id": place, "customer_id": customer,
        });
        self.shelf.put("bookings", "id", booking.clone());
        self.tell("booking", "created", &booking);
        id
    }

    /// A booking's state changes.
    pub fn booking_becomes(&self, id: &str, status: &str) {
        self.change("bookings", id, |booking| booking["status"] = json!(status));
    }

    fn tell(&self, kind: &str, what: &str, object: &Value) {
        let event = json!({
            "merchant_id": self.config.merchant, "type": format!("{kind}.{what}"), "event_id": self.shared.dice.uuid(),
            "created_at": self.shared.clock.now_iso(), "data": {"type": kind, "id": object["id"], "object": {kind: object}},
        });
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

    /// Why a request is not served.
    fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        match self.grants.scopes(&self.shared, bearer(headers)) {
            Err(Denied::Unknown) => return Some(wording(401, Some("ACCESS_TOKEN_REVOKED"))),
            Err(Denied::Expired) => return Some(wording(401, Some("ACCESS_TOKEN_EXPIRED"))),
            Ok(_) => {}
        }
        let version = headers.get("square-version").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let wrong = version != self.config.version;
        wrong.then(|| {
            error(400, "INVALID_REQUEST_ERROR", "INVALID_SQUARE_VERSION_FORMAT", "The Square-Version is not served.")
        })
    }
}

fn routes(square: Arc<Square>) -> Router {
    Router::new()
        .route("/oauth2/authorize", get(lists::authorise))
        .route("/oauth2/token", post(lists::token))
        .route("/v2/merchants/me", get(lists::merchant))
        .route("/v2/locations", get(lists::locations))
        .route("/v2/payments", get(lists::payments))
        .route("/v2/refunds", get(lists::refunds))
        .route("/v2/bookings", get(lists::bookings))
        .route("/v2/customers/bulk-retrieve", post(lists::customers))
        .layer(axum::middleware::from_fn(garbled))
        .with_state(square)
}
