//! Mindbody's Public API as far as reading goes: staff tokens, sales, appointments, classes and their visits, clients, signed webhooks.
//!
//! A newcomer's mistakes: calling with the key alone, adding an offset to times (they are the site's clock), expecting ids of one
//! type, and decoding the webhook key.

mod lists;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::DateTime;
use serde_json::{Value, json};

use crate::delivery::{Courier, Parcel};
use crate::grants::bearer;
use crate::server::{Handle, Shared, Standin, locked};
use crate::shelf::{Sealed, Shelf};
use crate::sign;
use crate::sources::garbled;

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct MindbodyConfig {
    /// The site.
    pub site_id: String,
    /// The app's key.
    pub api_key: String,
    /// A member of staff: user and password.
    pub staff: (String, String),
    /// How long a staff token lives, in seconds.
    pub access_s: i64,
    /// The key of webhook signatures.
    pub signature_key: String,
    /// Sales there are at the start.
    pub sales: usize,
    /// The seed of all ids.
    pub seed: u64,
}

impl Default for MindbodyConfig {
    fn default() -> Self {
        Self {
            site_id: "123".into(),
            api_key: "standin-mindbody-key".into(),
            staff: ("owner".into(), "standin-password".into()),
            access_s: 86_400,
            signature_key: "c3RhbmRpbi1taW5kYm9keQ==".into(),
            sales: 450,
            seed: 25,
        }
    }
}

/// One site.
pub struct Mindbody {
    /// How it was set up.
    pub config: MindbodyConfig,
    shared: Arc<Shared>,
    courier: Courier,
    shelf: Shelf,
    /// Staff tokens and when they end; `None` when nobody may sign in any more.
    tokens: Mutex<Option<HashMap<String, i64>>>,
}

impl Standin for Mindbody {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

/// `{"Error":{…}}`.
fn error(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(json!({"Error": {"Message": message, "Code": code}}))).into_response()
}

fn wording(status: u16, _name: Option<&str>) -> Response {
    match status {
        401 => error(401, "InvalidUserToken", "The user token is not valid."),
        403 => error(403, "DeniedAccess", "The site has not activated this key."),
        429 => error(429, "TooManyRequests", "Too many requests."),
        _ => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, axum::Json(json!({"Message": "An error has occurred."}))).into_response()
        }
    }
}

fn seal(key: &str, _url: &str, body: &[u8], _now_s: i64) -> Vec<(&'static str, String)> {
    vec![("x-mindbody-signature", format!("sha256={}", sign::shopify(key, body)))]
}

/// A time on the site's clock, which is UTC here.
fn wall(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().format("%Y-%m-%dT%H:%M:%S").to_string()
}

impl Mindbody {
    /// Starts a site on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: MindbodyConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("mindbody", config.seed, wording);
        let sealed = Sealed { shared: Arc::clone(&shared), key: config.signature_key.clone(), seal };
        let courier = Courier::new(Arc::clone(&shared), sealed);
        let mindbody = Self { config, shared, courier, shelf: Shelf::new(), tokens: Mutex::new(Some(HashMap::new())) };
        mindbody.seed();
        let mindbody = Arc::new(mindbody);
        Handle::start(bind, Arc::clone(&mindbody), routes(mindbody)).await
    }

    fn seed(&self) {
        for n in 0..40 {
            let email = format!("member{n}@example.com");
            self.shelf.put(
                "Clients",
                "Id",
                json!({"Id": client(n), "Email": email, "MobilePhone": null, "FirstName": "Example"}),
            );
        }
        for n in 0..self.config.sales {
            self.sale(50.0 + n as f64 / 4.0, n % 40);
            if n % 5 == 0 {
                self.appointment(n % 40, if n % 15 == 0 { "NoShow" } else { "Completed" });
            }
            if n % 90 == 0 {
                self.class(&[n % 40, (n + 1) % 40]);
            }
        }
    }

    /// A person pays; three sales at a time share a moment. Gives the sale's number.
    pub fn sale(&self, amount: f64, member: usize) -> i64 {
        let number = self.shelf.number();
        let at = self.shelf.tick(if number % 3 == 0 { 60_000 } else { 0 });
        let sale = json!({
            "Id": number, "SaleDate": &wall(at)[..10], "SaleTime": &wall(at)[11..], "SaleDateTime": wall(at), "ClientId": client(member),
            "LocationId": 1, "PurchasedItems": [],
            "Payments": [{"Id": number, "Amount": amount, "Method": 14, "Type": "Cash", "Notes": "", "TransactionId": null}],
        });
        self.shelf.put("Sales", "Id", sale);
        self.tell(
            "clientSale.created",
            &json!({"siteId": 123, "saleId": number, "saleDateTime": wall(at), "totalAmountPaid": amount}),
        );
        number
    }

    /// An appointment, of which the id is a text. Gives it.
    pub fn appointment(&self, member: usize, status: &str) -> String {
        let id = self.shelf.number().to_string();
        let at = self.shelf.tick(1000);
        let appointment = json!({
            "Id": id, "Status": status, "StartDateTime": wall(at), "EndDateTime": wall(at + 1_800_000), "Duration": 30,
            "ClientId": client(member), "StaffId": 12, "LocationId": 1, "SessionTypeId": 3, "FirstAppointment": false,
        });
        self.shelf.put("Appointments", "Id", appointment);
        self.tell("appointmentBooking.created", &json!({"siteId": 123, "appointmentId": id, "status": status}));
        id
    }

    /// An appointment's state changes.
    pub fn appointment_becomes(&self, id: &str, status: &str) {
        if let Some(mut held) = self.shelf.find("Appointments", "Id", id) {
            held["Status"] = json!(status);
            self.shelf.put("Appointments", "Id", held);
            self.tell("appointmentBooking.updated", &json!({"siteId": 123, "appointmentId": id, "status": status}));
        }
    }

    /// A class that these people booked; the first did not come.
    pub fn class(&self, members: &[usize]) {
        let number = self.shelf.number();
        let at = self.shelf.tick(1000);
        let visits: Vec<Value> = members
            .iter()
            .enumerate()
            .map(|(place, member)| {
                json!({
                    "Id": self.shelf.number(), "ClassId": number, "ClientId": client(*member), "StartDateTime": wall(at), "LocationId": 1,
                    "SignedIn": place > 0, "Missed": place == 0, "LateCancelled": false,
                })
            })
            .collect();
        let class = json!({"Id": number, "StartDateTime": wall(at), "EndDateTime": wall(at + 3_600_000), "Location": {"Id": 1}, "IsCanceled": false});
        self.shelf.put("Classes", "Id", class);
        self.shelf.put("Visits", "Id", json!({"Id": number, "Visits": visits}));
        self.tell("classRosterBooking.created", &json!({"siteId": 123, "classId": number}));
    }

    fn tell(&self, event: &str, data: &Value) {
        let body = json!({
            "messageId": self.shared.dice.word(22), "eventId": event, "eventSchemaVersion": 1,
            "eventInstanceOriginationDate": self.shared.clock.now_iso(), "eventData": data,
        });
        self.courier.send(Parcel { lane: event.to_owned(), group: "event".to_owned(), part: body, hold_ms: 0 });
    }

    /// Days pass: what happens next happens then.
    pub fn days_pass(&self, days: i64) {
        self.shelf.tick(days * 86_400_000);
    }

    /// Sends webhooks to `url` from now on.
    pub fn webhooks_to(&self, url: &str) {
        self.courier.verified(url);
    }

    /// Ends every staff token now.
    pub fn expire(&self) {
        if let Some(tokens) = locked(&self.tokens).as_mut() {
            tokens.clear();
        }
    }

    /// Nobody may sign in any more.
    pub fn revoke(&self) {
        *locked(&self.tokens) = None;
    }

    /// Why a request is not served.
    fn refusal(&self, headers: &HeaderMap, signed_in: bool) -> Option<Response> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if header("api-key") != self.config.api_key {
            return Some(error(401, "InvalidApiKey", "The API key is not valid."));
        }
        if header("siteid") != self.config.site_id {
            return Some(error(403, "DeniedAccess", "The site has not activated this key."));
        }
        let now = self.shared.clock.now_ms();
        let known = locked(&self.tokens).as_ref().and_then(|tokens| tokens.get(bearer(headers)).copied());
        let good = !signed_in || known.is_some_and(|ends| ends > now);
        (!good).then(|| wording(401, None))
    }
}

fn client(member: usize) -> String {
    format!("1000{member:05}")
}

fn routes(mindbody: Arc<Mindbody>) -> Router {
    Router::new()
        .route("/usertoken/issue", post(lists::issue))
        .route("/site/sites", get(lists::sites))
        .route("/sale/sales", get(lists::sales))
        .route("/appointment/staffappointments", get(lists::appointments))
        .route("/class/classes", get(lists::classes))
        .route("/class/classvisits", get(lists::visits))
        .route("/client/clients", get(lists::clients))
        .layer(axum::middleware::from_fn(garbled))
        .with_state(mindbody)
}
