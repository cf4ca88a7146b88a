//! A receiver of webhooks that answers both handshakes, checks every signature, and can be told to refuse.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use standins::sign;

use crate::{APP_SECRET, X_SECRET};

pub const VERIFY_TOKEN: &str = "verify-me";

#[derive(Clone, Default)]
pub struct Receiver {
    pub url: String,
    bodies: Arc<Mutex<Vec<Value>>>,
    refusals: Arc<AtomicUsize>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let receiver = Self { url, ..Self::default() };
        let app = Router::new().route("/webhooks", get(handshake).post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    /// The next `count` deliveries get a 503.
    pub fn refuse(&self, count: usize) {
        self.refusals.store(count, Ordering::SeqCst);
    }

    pub fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }

    /// Every Messenger or Instagram event, in order of arrival.
    pub fn messaging(&self) -> Vec<Value> {
        let entries = self.bodies().into_iter().flat_map(|body| body["entry"].as_array().cloned().unwrap_or_default());
        entries.flat_map(|entry| entry["messaging"].as_array().cloned().unwrap_or_default()).collect()
    }

    /// Every WhatsApp change, in order of arrival.
    pub fn changes(&self) -> Vec<Value> {
        let entries = self.bodies().into_iter().flat_map(|body| body["entry"].as_array().cloned().unwrap_or_default());
        entries
            .flat_map(|entry| entry["changes"].as_array().cloned().unwrap_or_default())
            .map(|change| change["value"].clone())
            .collect()
    }
}

async fn handshake(Query(query): Query<HashMap<String, String>>) -> Response {
    if let Some(token) = query.get("crc_token") {
        return Json(json!({ "response_token": sign::x(X_SECRET, token.as_bytes()) })).into_response();
    }
    let good = query.get("hub.mode").is_some_and(|mode| mode == "subscribe")
        && query.get("hub.verify_token").is_some_and(|token| token == VERIFY_TOKEN);
    if good { query["hub.challenge"].clone().into_response() } else { StatusCode::FORBIDDEN.into_response() }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if receiver.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let meta = header("x-hub-signature-256") == sign::meta(APP_SECRET, &body);
    let x = header("x-twitter-webhooks-signature") == sign::x(X_SECRET, &body);
    let at = header("x-hubspot-request-timestamp").parse().unwrap_or(0);
    let hubspot =
        header("x-hubspot-signature-v3") == sign::hubspot("standin-hubspot-secret", "POST", &receiver.url, &body, at);
    if !meta && !x && !hubspot {
        return StatusCode::UNAUTHORIZED;
    }
    receiver.bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    StatusCode::OK
}
