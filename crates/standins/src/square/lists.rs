//! Tokens and lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::{Square, error};
use crate::grants;
use crate::server::form::pairs;
use crate::shelf::{page, said};
use crate::sources::repeats;

/// `GET /oauth2/authorize`; Square's page knows no `response_type`.
pub(super) async fn authorise(State(square): State<Arc<Square>>, RawQuery(query): RawQuery) -> Response {
    square.grants.consent(&square.shared, &format!("response_type=code&{}", query.unwrap_or_default()))
}

/// `POST /oauth2/token`, in JSON; says when a token ends, not how long it lives.
pub(super) async fn token(State(square): State<Arc<Square>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let fields: BTreeMap<String, String> =
        body.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), said(value))).collect();
    let answer = square.grants.token(&square.shared, &headers, &fields).map(|mut tokens| {
        let ends = square.shared.clock.now_ms() + square.config.access_s * 1000;
        tokens["expires_at"] = json!(super::iso(ends));
        tokens["merchant_id"] = json!(square.config.merchant);
        tokens["short_lived"] = json!(false);
        if let Some(fields) = tokens.as_object_mut() {
            fields.remove("expires_in");
        }
        tokens
    });
    grants::answer(answer)
}

/// `GET /v2/merchants/me`.
pub(super) async fn merchant(State(square): State<Arc<Square>>, parts: Parts) -> Response {
    if let Some(refused) = square.refusal(&parts.headers) {
        return refused;
    }
    let merchant = json!({"id": square.config.merchant, "business_name": "Smile Dental", "country": "US", "currency": "USD", "status": "ACTIVE"});
    Json(json!({ "merchant": merchant })).into_response()
}

/// `GET /v2/locations`.
pub(super) async fn locations(State(square): State<Arc<Square>>, parts: Parts) -> Response {
    if let Some(refused) = square.refusal(&parts.headers) {
        return refused;
    }
    Json(json!({"locations": square.shelf.all("locations")})).into_response()
}

fn instant(text: Option<&String>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text?).ok().map(|at| at.with_timezone(&Utc))
}

/// A page of `records`; the list and the cursor are left out where they are empty.
fn answer(name: &str, records: &[Value], ask: &BTreeMap<String, String>, parts: &Parts) -> Response {
    let limit = ask.get("limit").map_or(Ok(100), |limit| limit.parse::<usize>());
    let Ok(limit @ 1..=100) = limit else {
        return error(400, "INVALID_REQUEST_ERROR", "VALUE_TOO_HIGH", "`limit` must be between 1 and 100.");
    };
    let offset = match ask.get("cursor").filter(|_| !repeats(&parts.extensions)) {
        None => 0,
        Some(cursor) => match cursor.strip_prefix("at-").and_then(|offset| offset.parse().ok()) {
            Some(offset) => offset,
            None => return error(400, "INVALID_REQUEST_ERROR", "INVALID_CURSOR", "The pagination cursor is invalid."),
        },
    };
    let (page, more) = page(records, offset, limit);
    let mut answer = Map::new();
    if more {
        answer.insert("cursor".to_owned(), json!(format!("at-{}", offset + limit)));
    }
    if !page.is_empty() {
        answer.insert(name.to_owned(), Value::Array(page));
    }
    Json(Value::Object(answer)).into_response()
}

fn list(square: &Square, name: &'static str, begin: &str, stamp: &str, parts: &Parts) -> Response {
    if let Some(refused) = square.refusal(&parts.headers) {
        return refused;
    }
    let ask = pairs(parts.uri.query().unwrap_or_default());
    let place = ask.get("location_id").map_or("LMAIN", String::as_str);
    let Some(from) = instant(ask.get(begin)) else {
        return error(400, "INVALID_REQUEST_ERROR", "INVALID_TIME", &format!("`{begin}` is not a time of RFC 3339."));
    };
    let mut records = square.shelf.all(name);
    let at = |record: &Value| DateTime::parse_from_rfc3339(record[stamp].as_str().unwrap_or_default()).ok();
    records.retain(|record| record["location_id"] == place && at(record).is_some_and(|at| at >= from));
    records.sort_by_key(at);
    if ask.get("sort_order").is_none_or(|order| order != "ASC") {
        records.reverse();
    }
    answer(name, &records, &ask, parts)
}

/// `GET /v2/payments`.
pub(super) async fn payments(State(square): State<Arc<Square>>, parts: Parts) -> Response {
    let by_update = parts.uri.query().is_some_and(|query| query.contains("sort_field=UPDATED_AT"));
    if by_update {
        list(&square, "payments", "updated_at_begin_time", "updated_at", &parts)
    } else {
        list(&square, "payments", "begin_time", "created_at", &parts)
    }
}

/// `GET /v2/refunds`.
pub(super) async fn refunds(State(square): State<Arc<Square>>, parts: Parts) -> Response {
    list(&square, "refunds", "begin_time", "created_at", &parts)
}

/// `GET /v2/bookings`: at most 31 days of beginnings.
pub(super) async fn bookings(State(square): State<Arc<Square>>, parts: Parts) -> Response {
    if let Some(refused) = square.refusal(&parts.headers) {
        return refused;
    }
    let ask = pairs(parts.uri.query().unwrap_or_default());
    let (from, to) = (instant(ask.get("start_at_min")), instant(ask.get("start_at_max")));
    let (Some(from), Some(to)) = (from, to) else {
        return error(400, "INVALID_REQUEST_ERROR", "INVALID_TIME", "`start_at_min` and `start_at_max` are needed.");
    };
    if to - from > Duration::days(31) {
        return error(400, "INVALID_REQUEST_ERROR", "INVALID_TIME_RANGE", "The time range must not exceed 31 days.");
    }
    let mut records = square.shelf.all("bookings");
    let at = |record: &Value| DateTime::parse_from_rfc3339(record["start_at"].as_str().unwrap_or_default()).ok();
    records.retain(|record| at(record).is_some_and(|at| at >= from && at < to));
    records.sort_by_key(at);
    answer("bookings", &records, &ask, &parts)
}

/// `POST /v2/customers/bulk-retrieve`.
pub(super) async fn customers(State(square): State<Arc<Square>>, parts: Parts, body: String) -> Response {
    if let Some(refused) = square.refusal(&parts.headers) {
        return refused;
    }
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let ids: Vec<&str> = body["customer_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if ids.is_empty() || ids.len() > 100 {
        return error(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "`customer_ids` must have 1 to 100 values.");
    }
    let mut responses = Map::new();
    for id in ids {
        let told = match square.shelf.find("customers", "id", id) {
            Some(customer) => json!({ "customer": customer }),
            None => json!({"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND"}]}),
        };
        responses.insert(id.to_owned(), told);
    }
    Json(json!({ "responses": responses })).into_response()
}
