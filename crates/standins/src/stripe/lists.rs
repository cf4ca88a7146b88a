//! Lists, newest first, and single objects.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Stripe, asked, error};
use crate::shelf::page;
use crate::sources::repeats;

/// `GET /v1/account`.
pub(super) async fn account(State(stripe): State<Arc<Stripe>>, parts: Parts) -> Response {
    if let Some(refused) = stripe.refusal(&parts.headers) {
        return refused;
    }
    let shown = json!({
        "id": stripe.config.account, "object": "account", "email": "owner@example.com",
        "settings": {"dashboard": {"display_name": "Smile Dental"}}, "business_profile": {"name": "Smile Dental"},
    });
    Json(shown).into_response()
}

fn unknown(what: &str) -> Response {
    error(404, "invalid_request_error", Some("resource_missing"), &format!("No such {what}"))
}

/// `GET /v1/{list}`.
pub(super) async fn list(State(stripe): State<Arc<Stripe>>, Path(name): Path<String>, parts: Parts) -> Response {
    if let Some(refused) = stripe.refusal(&parts.headers) {
        return refused;
    }
    if !["charges", "refunds", "disputes", "events"].contains(&name.as_str()) {
        return error(404, "invalid_request_error", None, "Unrecognized request URL.");
    }
    let (ask, all) = asked(&parts);
    let limit = ask.get("limit").map_or(Ok(10), |limit| limit.parse::<usize>());
    let Ok(limit @ 1..=100) = limit else {
        return error(
            400,
            "invalid_request_error",
            Some("parameter_invalid_integer"),
            "limit must be between 1 and 100",
        );
    };
    let known = ["limit", "created[gte]", "created[lt]", "starting_after", "expand[]", "types[]", "customer"];
    if let Some((odd, _)) = all.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return error(
            400,
            "invalid_request_error",
            Some("parameter_unknown"),
            &format!("Received unknown parameter: {odd}"),
        );
    }
    let types: Vec<&str> = all.iter().filter(|(name, _)| name == "types[]").map(|(_, kind)| kind.as_str()).collect();
    if types.len() > 20 {
        return error(400, "invalid_request_error", None, "types has at most 20 values");
    }
    let from: i64 = ask.get("created[gte]").and_then(|from| from.parse().ok()).unwrap_or(0);
    let mut records: Vec<Value> = stripe.shelf.all(&name);
    records.reverse();
    records.sort_by_key(|record| std::cmp::Reverse(record["created"].as_i64()));
    records.retain(|record| record["created"].as_i64().unwrap_or_default() >= from);
    records.retain(|record| types.is_empty() || types.iter().any(|kind| record["type"] == *kind));
    let offset = match ask.get("starting_after").filter(|_| !repeats(&parts.extensions)) {
        None => 0,
        Some(after) => match records.iter().position(|record| record["id"] == *after) {
            Some(at) => at + 1,
            None => return unknown(&format!("{name}: '{after}'")),
        },
    };
    let (page, more) = page(&records, offset, limit);
    let expand = all.iter().any(|(name, value)| name == "expand[]" && value == "data.charge");
    let page: Vec<Value> = page.into_iter().map(|record| stripe.expanded(record, expand)).collect();
    Json(json!({"object": "list", "url": format!("/v1/{name}"), "has_more": more, "data": page})).into_response()
}

/// `GET /v1/{list}/{id}`.
pub(super) async fn show(
    State(stripe): State<Arc<Stripe>>,
    Path((list, id)): Path<(String, String)>,
    parts: Parts,
) -> Response {
    if let Some(refused) = stripe.refusal(&parts.headers) {
        return refused;
    }
    let expand = asked(&parts).1.iter().any(|(name, value)| name == "expand[]" && value == "charge");
    match stripe.shelf.find(&list, "id", &id) {
        Some(object) => Json(stripe.expanded(object, expand)).into_response(),
        None => unknown(&format!("{list}: '{id}'")),
    }
}
