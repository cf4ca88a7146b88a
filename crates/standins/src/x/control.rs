//! X's own control: the webhook, people and staff writing, what is visible, and troubles.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::X;
use crate::customer::Writing;

pub(super) fn routes() -> Router<Arc<X>> {
    Router::new()
        .route("/_control/webhook", post(webhook))
        .route("/_control/customer", post(customer))
        .route("/_control/staff", post(staff))
        .route("/_control/messages", get(messages))
        .route("/_control/messages/{account}/{person}", get(thread))
        .route("/_control/troubles", post(trouble))
}

/// A receiver to challenge.
#[derive(Deserialize)]
struct Webhook {
    url: String,
}

async fn webhook(State(x): State<Arc<X>>, Json(wanted): Json<Webhook>) -> Json<Value> {
    Json(json!({ "verified": x.verify_webhook(&wanted.url).await }))
}

async fn customer(State(x): State<Arc<X>>, Json(writing): Json<Writing>) -> Response {
    match x.customer_writes(&writing) {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(refusal) => (StatusCode::BAD_REQUEST, refusal.to_string()).into_response(),
    }
}

/// Words written by hand in X itself.
#[derive(Deserialize)]
struct Staff {
    account: String,
    person: String,
    text: String,
}

async fn staff(State(x): State<Arc<X>>, Json(staff): Json<Staff>) -> Json<Value> {
    Json(json!({ "id": x.staff_writes(&staff.account, &staff.person, &staff.text) }))
}

/// Which messages to list.
#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn messages(State(x): State<Arc<X>>, Query(after): Query<Since>) -> Json<Value> {
    Json(json!({ "data": x.threads.since(after.since) }))
}

async fn thread(State(x): State<Arc<X>>, Path((account, person)): Path<(String, String)>) -> Json<Value> {
    Json(json!({ "data": x.threads.thread(&account, &person) }))
}

/// Something that goes wrong.
#[derive(Deserialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
enum Trouble {
    /// A person's settings refuse our messages.
    Closed { person: String, on: bool },
    /// A user withdraws the app's access.
    Revoked { user: String },
}

async fn trouble(State(x): State<Arc<X>>, Json(trouble): Json<Trouble>) -> Json<Value> {
    match trouble {
        Trouble::Closed { person, on } => x.close_messages(&person, on),
        Trouble::Revoked { user } => x.revoke(&user),
    }
    Json(json!({ "success": true }))
}
