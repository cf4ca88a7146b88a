//! The endpoints: consent and tokens, a query, and its next batch.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::{Salesforce, error, soql, stamp, wording};
use crate::grants;
use crate::server::form::pairs;
use crate::server::locked;
use crate::shelf::page;
use crate::sources::{repeats, told};

const OBJECTS: [&str; 5] = ["Organization", "Lead", "Opportunity", "Task", "Event"];

/// `GET /services/oauth2/authorize`.
pub(super) async fn authorise(State(salesforce): State<Arc<Salesforce>>, RawQuery(query): RawQuery) -> Response {
    salesforce.grants.consent(&salesforce.shared, &query.unwrap_or_default())
}

/// `POST /services/oauth2/token`; tells where the organisation lives and not how long the session does.
pub(super) async fn token(State(salesforce): State<Arc<Salesforce>>, headers: HeaderMap, body: String) -> Response {
    let answer = salesforce.grants.token(&salesforce.shared, &headers, &pairs(&body)).map(|mut tokens| {
        tokens["instance_url"] = json!(salesforce.shared.base_url());
        tokens["id"] = json!(format!("{}/id/00D000000000001/005000000000001", salesforce.shared.base_url()));
        tokens["issued_at"] = json!(salesforce.shared.clock.now_ms().to_string());
        if let Some(fields) = tokens.as_object_mut() {
            fields.remove("expires_in");
        }
        tokens
    });
    grants::answer(answer)
}

fn batch_size(headers: &HeaderMap) -> usize {
    let options = headers.get("sforce-query-options").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let size = options.strip_prefix("batchSize=").and_then(|size| size.parse().ok()).unwrap_or(2000);
    usize::clamp(size, 200, 2000)
}

/// `GET /services/data/{version}/query?q=…`.
pub(super) async fn query(
    State(salesforce): State<Arc<Salesforce>>,
    Path(version): Path<String>,
    parts: Parts,
) -> Response {
    if let Some(refused) = salesforce.refusal(&parts.headers) {
        return refused;
    }
    if version != salesforce.config.version {
        return error(404, "NOT_FOUND", "The requested resource does not exist");
    }
    let ask = pairs(parts.uri.query().unwrap_or_default());
    let Some(query) = soql::read(ask.get("q").map_or("", String::as_str)) else {
        return error(400, "MALFORMED_QUERY", "unexpected token");
    };
    if !OBJECTS.contains(&query.object.as_str()) {
        return error(400, "INVALID_TYPE", &format!("sObject type '{}' is not supported.", query.object));
    }
    let records = salesforce.shelf.all(&query.object);
    let unknown = |field: &&String| records.first().is_some_and(|sample| sample.get(field.as_str()).is_none());
    if let Some(odd) = query.fields.iter().find(unknown) {
        return error(400, "INVALID_FIELD", &format!("No such column '{odd}' on entity '{}'.", query.object));
    }
    let found: Vec<Value> = query.run(records).iter().map(|record| shown(record, &query)).collect();
    let locator = format!("01g{}", salesforce.shared.dice.word(12));
    let answer = batch(&salesforce, &locator, &found, 0, &parts);
    locked(&salesforce.locators).insert(locator, found);
    answer
}

fn shown(record: &Value, query: &soql::Query) -> Value {
    let mut fields = Map::new();
    let kind = json!({"type": query.object, "url": format!("/services/data/sobjects/{}", query.object)});
    fields.insert("attributes".to_owned(), kind);
    fields.extend(query.fields.iter().map(|field| (field.clone(), record[field.as_str()].clone())));
    Value::Object(fields)
}

fn batch(salesforce: &Salesforce, locator: &str, found: &[Value], offset: usize, parts: &Parts) -> Response {
    let size = batch_size(&parts.headers);
    let (records, more) = page(found, offset, size);
    let mut answer = json!({"totalSize": told(&parts.extensions, found.len()), "done": !more, "records": records});
    if more {
        answer["nextRecordsUrl"] =
            json!(format!("/services/data/{}/query/{locator}-{}", salesforce.config.version, offset + size));
    }
    let mut response = Json(answer).into_response();
    let usage = axum::http::HeaderValue::from_static("api-usage=18/5000");
    response.headers_mut().insert("sforce-limit-info", usage);
    response
}

/// `GET /services/data/{version}/query/{locator}`.
pub(super) async fn more(
    State(salesforce): State<Arc<Salesforce>>,
    Path((_, locator)): Path<(String, String)>,
    parts: Parts,
) -> Response {
    if let Some(refused) = salesforce.refusal(&parts.headers) {
        return refused;
    }
    let (id, offset) = locator.split_once('-').unwrap_or((locator.as_str(), "0"));
    let Some(found) = locked(&salesforce.locators).get(id).cloned() else {
        return wording(400, Some("INVALID_QUERY_LOCATOR"));
    };
    let offset = if repeats(&parts.extensions) { 0 } else { offset.parse().unwrap_or(0) };
    batch(&salesforce, id, &found, offset, &parts)
}

impl Salesforce {
    /// The newest stamp there is.
    pub fn newest(&self) -> String {
        stamp(self.shelf.tick(0))
    }
}
