//! Numbers of a business account.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::meta::{Call, GraphError, Meta, Number};

/// `GET /{waba}/phone_numbers`.
pub(crate) async fn numbers(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    meta.state(|state| {
        if !state.wabas.contains_key(&call.id) {
            return Err(GraphError::no_object(&call.id));
        }
        let data: Vec<Value> = state
            .numbers
            .iter()
            .filter(|(_, number)| number.waba == call.id)
            .map(|(id, number)| number_json(id, number))
            .collect();
        Ok(Json(json!({ "data": data })))
    })
}

/// One number as the platform shows it.
pub(crate) fn number_json(id: &str, number: &Number) -> Value {
    json!({
        "id": id, "display_phone_number": format!("+{}", number.display), "verified_name": number.name,
        "status": "CONNECTED", "quality_rating": "GREEN", "code_verification_status": "VERIFIED",
        "messaging_limit_tier": "TIER_1K", "account_mode": "LIVE",
    })
}

/// `POST /{phone_number_id}/register`.
pub(crate) async fn register(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    if !meta.state(|state| state.numbers.contains_key(&call.id)) {
        return Err(GraphError::no_object(&call.id));
    }
    let pin = call.text("pin").unwrap_or_default();
    if pin.len() != 6 || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(GraphError::parameter("The parameter pin must have 6 digits"));
    }
    Ok(Json(json!({ "success": true })))
}
