//! HubSpot's own control: what the portal holds, the webhook, people editing.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::state::{Association, Record};
use super::{HubSpot, values};

pub(super) fn routes() -> Router<Arc<HubSpot>> {
    Router::new()
        .route("/_control/records/{object}", get(records))
        .route("/_control/associations", get(associations))
        .route("/_control/webhook", post(webhook))
        .route("/_control/edit", post(edit))
        .route("/_control/expire", post(expire))
}

async fn records(State(hubspot): State<Arc<HubSpot>>, Path(object): Path<String>) -> Json<Value> {
    Json(json!({ "data": hubspot.records(&object) }))
}

async fn associations(State(hubspot): State<Arc<HubSpot>>) -> Json<Value> {
    Json(json!({ "data": hubspot.associations() }))
}

/// A receiver.
#[derive(Deserialize)]
struct Webhook {
    url: String,
}

async fn webhook(State(hubspot): State<Arc<HubSpot>>, Json(wanted): Json<Webhook>) -> Json<Value> {
    hubspot.webhooks_to(&wanted.url);
    Json(json!({ "verified": true }))
}

/// A change by hand.
#[derive(Deserialize)]
struct Edit {
    object: String,
    id: u64,
    property: String,
    value: String,
}

async fn edit(State(hubspot): State<Arc<HubSpot>>, Json(edit): Json<Edit>) -> Response {
    match hubspot.staff_edits(&edit.object, edit.id, &edit.property, &edit.value) {
        Ok(()) => Json(json!({ "success": true })).into_response(),
        Err(error) => error.into_response(),
    }
}

/// A token to end now.
#[derive(Deserialize)]
struct Expire {
    token: String,
}

async fn expire(State(hubspot): State<Arc<HubSpot>>, Json(wanted): Json<Expire>) -> Json<Value> {
    hubspot.expire(&wanted.token);
    Json(json!({ "success": true }))
}

impl HubSpot {
    /// The living records of one type, oldest first.
    pub fn records(&self, object: &str) -> Vec<Record> {
        let Ok(object) = values::object(object) else { return Vec::new() };
        self.state(|state| {
            let records = state.objects.get(object).into_iter().flat_map(|records| records.values());
            records.filter(|record| !record.archived).cloned().collect()
        })
    }

    /// Every line between records.
    pub fn associations(&self) -> Vec<Association> {
        self.state(|state| state.associations.iter().cloned().collect())
    }

    /// Ends a token now.
    pub fn expire(&self, token: &str) {
        let now = self.now_ms();
        self.state(|state| {
            if let Some(grant) = state.tokens.get_mut(token) {
                grant.ends_ms = now;
            }
        });
    }
}
