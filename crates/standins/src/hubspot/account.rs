//! The portal itself: its details, owners and pipelines.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::HubSpot;
use super::values::STAGES;

/// `GET /account-info/v3/details`.
pub(super) async fn details(State(hubspot): State<Arc<HubSpot>>) -> Json<Value> {
    Json(json!({
        "portalId": hubspot.config.portal, "accountType": "STANDARD", "timeZone": "US/Eastern", "companyCurrency": "USD",
        "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
    }))
}

/// `GET /crm/v3/owners`.
pub(super) async fn owners() -> Json<Value> {
    Json(json!({ "results": [{
        "id": "41629779", "email": "owner@example.com", "firstName": "Robin", "lastName": "Example", "userId": 9_586_504, "archived": false,
    }] }))
}

/// `GET /crm/v3/pipelines/deals`.
pub(super) async fn pipelines() -> Json<Value> {
    let stages: Vec<Value> = STAGES
        .iter()
        .enumerate()
        .map(|(place, stage)| {
            let closed = stage.starts_with("closed");
            json!({ "id": stage, "label": stage, "displayOrder": place, "archived": false, "metadata": { "isClosed": closed.to_string() } })
        })
        .collect();
    Json(
        json!({ "results": [{ "id": "default", "label": "Sales Pipeline", "displayOrder": 0, "archived": false, "stages": stages }] }),
    )
}
