//! Shopify's Admin API as far as reading goes: orders with refunds and abandoned checkouts over GraphQL, costs and throttling,
//! expiring offline tokens, signed webhooks.
//!
//! A newcomer's mistakes: expecting 429 (being throttled is a 200 with an error in it), and expecting a refunded order's total to
//! shrink.

mod admin;
mod graphql;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::DateTime;
use serde_json::{Value, json};

use crate::delivery::{Courier, Parcel};
use crate::grants::Grants;
use crate::server::{Handle, Shared, Standin};
use crate::shelf::{Sealed, Shelf};
use crate::sign;
use crate::sources::garbled;

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct ShopifyConfig {
    /// The shop's domain.
    pub shop: String,
    /// The app.
    pub client_id: String,
    /// Its secret, which also signs webhooks.
    pub client_secret: String,
    /// How long an offline token lives, in seconds.
    pub access_s: i64,
    /// The versions that are served.
    pub versions: Vec<String>,
    /// Orders there are at the start.
    pub orders: usize,
    /// Points in the bucket, and points restored in a second.
    pub points: (f64, f64),
    /// The seed of all ids.
    pub seed: u64,
}

impl Default for ShopifyConfig {
    fn default() -> Self {
        Self {
            shop: "smile-dental.myshopify.com".into(),
            client_id: "standin-shopify-client".into(),
            client_secret: "standin-shopify-secret".into(),
            access_s: 3600,
            versions: ["2026-04", "2026-07", "2026-10"].map(str::to_owned).into(),
            orders: 130,
            points: (20_000.0, 1000.0),
            seed: 23,
        }
    }
}

/// The bucket of points: what is left, as of when.
#[derive(Debug, Default)]
pub(super) struct Bucket(pub Option<(f64, i64)>);

/// One shop.
pub struct Shopify {
    /// How it was set up.
    pub config: ShopifyConfig,
    /// The app and what was granted to it.
    pub grants: Grants,
    shared: Arc<Shared>,
    courier: Courier,
    shelf: Shelf,
    bucket: Mutex<Bucket>,
}

impl Standin for Shopify {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

fn wording(status: u16, name: Option<&str>) -> Response {
    if name == Some("THROTTLED") {
        return axum::Json(throttled(500.0, 0.0, (1000.0, 100.0))).into_response();
    }
    let message = match status {
        401 => "[API] Invalid API key or access token (unrecognized login or wrong password)",
        429 => "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service.",
        _ => "Internal Server Error",
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(json!({ "errors": message }))).into_response()
}

fn throttled(asked: f64, left: f64, points: (f64, f64)) -> Value {
    json!({
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": {"requestedQueryCost": asked, "actualQueryCost": null,
            "throttleStatus": {"maximumAvailable": points.0, "currentlyAvailable": left, "restoreRate": points.1}}},
    })
}

/// The topic is told by what the body is.
fn seal(key: &str, _url: &str, body: &[u8], _now_s: i64) -> Vec<(&'static str, String)> {
    let order: Value = serde_json::from_slice(body).unwrap_or_default();
    let topic = if order["abandoned_checkout_url"].is_null() { "orders/updated" } else { "checkouts/update" };
    vec![
        ("x-shopify-hmac-sha256", sign::shopify(key, body)),
        ("x-shopify-topic", topic.to_owned()),
        ("x-shopify-shop-domain", "smile-dental.myshopify.com".to_owned()),
        ("x-shopify-event-id", sign::sha256_hex(body)),
    ]
}

fn iso(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn money(amount: &str) -> Value {
    json!({"shopMoney": {"amount": amount, "currencyCode": "USD"}})
}

impl Shopify {
    /// Starts a shop on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: ShopifyConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("shopify", config.seed, wording);
        let sealed = Sealed { shared: Arc::clone(&shared), key: config.client_secret.clone(), seal };
        let courier = Courier::new(Arc::clone(&shared), sealed);
        let grants = Grants::new(&config.client_id, &config.client_secret, config.access_s, true);
        let shopify = Self { config, grants, shared, courier, shelf: Shelf::new(), bucket: Mutex::default() };
        for n in 0..shopify.config.orders {
            let order = shopify.order(&format!("{}.{:02}", 20 + n, n % 100), &format!("person{}@example.com", n % 30));
            if n % 8 == 0 {
                shopify.refund(&order, "5.25");
            }
            if n % 4 == 0 {
                shopify.checkout("40.00", &format!("left{n}@example.com"));
            }
        }
        let test = shopify.order("999.00", "test@example.com");
        shopify.change(&test, |order| order["test"] = json!(true));
        let shopify = Arc::new(shopify);
        Handle::start(bind, Arc::clone(&shopify), routes(shopify)).await
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let at = iso(self.shelf.tick(1000));
        let Some(mut order) = self.shelf.find("orders", "id", id) else { return };
        change(&mut order);
        order["updatedAt"] = json!(at);
        self.shelf.put("orders", "id", order.clone());
        self.tell(&json!({"admin_graphql_api_id": id, "updated_at": at, "name": order["name"]}));
    }

    /// A paid order; three at a time share a stamp. Gives its id.
    pub fn order(&self, total: &str, email: &str) -> String {
        let number = self.shelf.number();
        let at = iso(self.shelf.tick(if number % 3 == 0 { 60_000 } else { 0 }));
        let id = format!("gid://shopify/Order/{number}");
        let order = json!({
            "id": id, "legacyResourceId": number.to_string(), "name": format!("#{number}"), "createdAt": at, "processedAt": at, "updatedAt": at,
            "cancelledAt": null, "test": false, "currencyCode": "USD", "displayFinancialStatus": "PAID", "sourceName": "web", "email": email,
            "phone": null, "totalPriceSet": money(total), "refunds": [],
            "customer": {"id": format!("gid://shopify/Customer/{}", number + 500_000), "email": email, "phone": null},
        });
        self.shelf.put("orders", "id", order);
        self.tell(&json!({"admin_graphql_api_id": id, "updated_at": at, "total_price": total, "email": email}));
        id
    }

    /// Money of an order goes back.
    pub fn refund(&self, order: &str, amount: &str) {
        let number = self.shelf.number();
        let at = iso(self.shelf.tick(1000));
        self.change(order, |order| {
            order["displayFinancialStatus"] = json!("PARTIALLY_REFUNDED");
            if let Some(refunds) = order["refunds"].as_array_mut() {
                refunds.push(json!({
                    "id": format!("gid://shopify/Refund/{number}"), "legacyResourceId": number.to_string(), "createdAt": at,
                    "totalRefundedSet": money(amount),
                }));
            }
        });
    }

    /// Somebody leaves a checkout.
    pub fn checkout(&self, total: &str, email: &str) {
        let number = self.shelf.number();
        let at = iso(self.shelf.tick(1000));
        let checkout = json!({
            "id": format!("gid://shopify/AbandonedCheckout/{number}"), "createdAt": at, "updatedAt": at, "completedAt": null,
            "totalPriceSet": money(total),
            "customer": {"id": format!("gid://shopify/Customer/{}", number + 500_000), "email": email, "phone": null},
        });
        self.shelf.put("abandonedCheckouts", "id", checkout);
        self.tell(&json!({"abandoned_checkout_url": format!("https://{}/checkouts/{number}", self.config.shop), "updated_at": at}));
    }

    fn tell(&self, body: &Value) {
        self.courier.send(Parcel {
            lane: "orders".to_owned(),
            group: "order".to_owned(),
            part: body.clone(),
            hold_ms: 0,
        });
    }

    /// Days pass: what happens next happens then.
    pub fn days_pass(&self, days: i64) {
        self.shelf.tick(days * 86_400_000);
    }

    /// Sends webhooks to `url` from now on.
    pub fn webhooks_to(&self, url: &str) {
        self.courier.verified(url);
    }
}

fn routes(shopify: Arc<Shopify>) -> Router {
    Router::new()
        .route("/admin/oauth/authorize", get(admin::authorise))
        .route("/admin/oauth/access_token", post(admin::token))
        .route("/admin/api/{version}/graphql.json", post(admin::graphql))
        .layer(axum::middleware::from_fn(garbled))
        .with_state(shopify)
}
