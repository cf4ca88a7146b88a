//! Consent and tokens, and the one endpoint of the API.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Shopify, graphql, throttled, wording};
use crate::grants;
use crate::server::locked;
use crate::shelf::{page, said};
use crate::sources::repeats;

/// `GET /admin/oauth/authorize`; the shop's page knows no `response_type`.
pub(super) async fn authorise(State(shopify): State<Arc<Shopify>>, RawQuery(query): RawQuery) -> Response {
    shopify.grants.consent(&shopify.shared, &format!("response_type=code&{}", query.unwrap_or_default()))
}

/// `POST /admin/oauth/access_token`, in JSON; without a `grant_type` it is the code's.
pub(super) async fn token(
    State(shopify): State<Arc<Shopify>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut fields: BTreeMap<String, String> =
        body.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), said(value))).collect();
    fields.entry("grant_type".to_owned()).or_insert_with(|| "authorization_code".to_owned());
    grants::answer(shopify.grants.token(&shopify.shared, &headers, &fields))
}

fn refused(code: &str, message: &str) -> Response {
    Json(json!({"errors": [{"message": message, "extensions": {"code": code}}]})).into_response()
}

/// `POST /admin/api/{version}/graphql.json`.
pub(super) async fn graphql(
    State(shopify): State<Arc<Shopify>>,
    Path(version): Path<String>,
    parts: Parts,
    body: String,
) -> Response {
    let token = parts.headers.get("x-shopify-access-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if shopify.grants.scopes(&shopify.shared, token).is_err() {
        return wording(401, None);
    }
    if !shopify.config.versions.contains(&version) {
        return (axum::http::StatusCode::NOT_FOUND, Json(json!({"errors": "Not Found"}))).into_response();
    }
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let Some(selection) = graphql::read(body["query"].as_str().unwrap_or_default()) else {
        return refused("PARSE_ERROR", "syntax error, unexpected end of file");
    };
    let variables = &body["variables"];
    let first = variables["first"].as_u64().unwrap_or(1) as usize;
    let cost = 2.0 + first as f64 * 3.0;
    if cost > 1000.0 || first > 250 {
        return refused(
            "MAX_COST_EXCEEDED",
            &format!("Query cost is {cost}, which exceeds the single query max cost limit (1000)."),
        );
    }
    let left = match spend(&shopify, cost) {
        Ok(left) => left,
        Err(left) => return Json(throttled(cost, left, shopify.config.points)).into_response(),
    };
    let mut all =
        json!({"shop": {"name": "Smile Dental", "myshopifyDomain": shopify.config.shop, "email": "owner@example.com"}});
    for name in ["orders", "abandonedCheckouts"] {
        if selection.0.iter().any(|(asked, _)| asked == name) {
            let Some(list) = listed(&shopify, name, variables, first, repeats(&parts.extensions)) else {
                return refused("BAD_USER_INPUT", "Invalid cursor for current pagination sort.");
            };
            all[name] = list;
        }
    }
    match graphql::cut(&all, &selection) {
        Err(name) => refused("undefinedField", &format!("Field '{name}' doesn't exist")),
        Ok(data) => {
            let status = json!({"maximumAvailable": shopify.config.points.0, "currentlyAvailable": left, "restoreRate": shopify.config.points.1});
            let cost = json!({"requestedQueryCost": cost, "actualQueryCost": cost, "throttleStatus": status});
            Json(json!({"data": data, "extensions": {"cost": cost}})).into_response()
        }
    }
}

/// Takes points out of the bucket: what is left, or what there is where it is not enough.
fn spend(shopify: &Shopify, cost: f64) -> Result<f64, f64> {
    let (most, rate) = shopify.config.points;
    let now = shopify.shared.clock.now_ms();
    let mut bucket = locked(&shopify.bucket);
    let (left, since) = bucket.0.unwrap_or((most, now));
    let left = (left + (now - since) as f64 / 1000.0 * rate).min(most);
    if left < cost {
        bucket.0 = Some((left, now));
        return Err(left);
    }
    bucket.0 = Some((left - cost, now));
    Ok(left - cost)
}

/// A connection, oldest change first; `None` for a cursor that is not known.
fn listed(shopify: &Shopify, name: &'static str, variables: &Value, first: usize, again: bool) -> Option<Value> {
    let mut records = shopify.shelf.all(name);
    let stamp = |record: &Value| record["updatedAt"].as_str().unwrap_or_default().to_owned();
    records.sort_by_key(stamp);
    let query = variables["query"].as_str().unwrap_or_default();
    if let Some(from) = query.strip_prefix("updated_at:>=") {
        let from = from.trim_matches('\'').to_owned();
        records.retain(|record| stamp(record) >= from);
    }
    let offset = match variables["after"].as_str().filter(|_| !again) {
        None => 0,
        Some(after) => records.iter().position(|record| record["id"] == after)? + 1,
    };
    let (page, more) = page(&records, offset, first);
    let end = page.last().map(|record| record["id"].clone());
    Some(json!({"nodes": page, "pageInfo": {"hasNextPage": more, "endCursor": end}}))
}
