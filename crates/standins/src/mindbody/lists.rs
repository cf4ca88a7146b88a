//! The staff's token, and lists by offset.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Mindbody, error};
use crate::server::form::pairs;
use crate::server::locked;
use crate::shelf::{page, said};
use crate::sources::{repeats, told};

/// `POST /usertoken/issue`.
pub(super) async fn issue(State(mindbody): State<Arc<Mindbody>>, headers: HeaderMap, body: String) -> Response {
    if let Some(refused) = mindbody.refusal(&headers, false) {
        return refused;
    }
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let (user, password) = &mindbody.config.staff;
    let mut tokens = locked(&mindbody.tokens);
    let Some(tokens) = tokens.as_mut().filter(|_| body["Username"] == *user && body["Password"] == *password) else {
        return error(401, "DeniedAccess", "User name or password is wrong.");
    };
    let token = mindbody.shared.dice.hex(64);
    let ends = mindbody.shared.clock.now_ms() + mindbody.config.access_s * 1000;
    tokens.insert(token.clone(), ends);
    let user = json!({"Id": 1, "FirstName": "Jane", "LastName": "Doe", "Type": "Staff"});
    let expires = crate::server::clock::iso(ends);
    Json(json!({"TokenType": "Bearer", "AccessToken": token, "Expires": expires, "User": user})).into_response()
}

/// `GET /site/sites`.
pub(super) async fn sites(State(mindbody): State<Arc<Mindbody>>, parts: Parts) -> Response {
    if let Some(refused) = mindbody.refusal(&parts.headers, true) {
        return refused;
    }
    let id: i64 = mindbody.config.site_id.parse().unwrap_or(-99);
    Json(json!({"PaginationResponse": {"TotalResults": 1}, "Sites": [{"Id": id, "Name": "Smile Studio"}]}))
        .into_response()
}

/// A page of what lies between two parameters.
fn list(mindbody: &Mindbody, name: &'static str, span: [&str; 2], at: &str, parts: &Parts) -> Response {
    if let Some(refused) = mindbody.refusal(&parts.headers, true) {
        return refused;
    }
    let ask = pairs(parts.uri.query().unwrap_or_default());
    let number = |name: &str, usual: usize| ask.get(name).map_or(Some(usual), |text| text.parse::<usize>().ok());
    let (Some(limit @ 1..=200), Some(offset)) = (number("Limit", 100), number("Offset", 0)) else {
        return error(400, "InvalidParameter", "Limit must be between 1 and 200.");
    };
    let offset = if repeats(&parts.extensions) { 0 } else { offset };
    let [from, to] = span.map(|name| ask.get(name).cloned().unwrap_or_default());
    if from.contains('Z') || to.contains('Z') || from.contains('+') {
        return error(400, "InvalidParameter", "Times are of the site's clock.");
    }
    let mut records = mindbody.shelf.all(name);
    let stamp = |record: &Value| said(&record[at]);
    records.retain(|record| stamp(record) >= from && (to.is_empty() || stamp(record) <= to));
    let (page, _) = page(&records, offset, limit);
    let shown = json!({
        "RequestedLimit": limit, "RequestedOffset": offset, "PageSize": page.len(), "TotalResults": told(&parts.extensions, records.len()),
    });
    Json(json!({"PaginationResponse": shown, name: page})).into_response()
}

/// `GET /sale/sales`.
pub(super) async fn sales(State(mindbody): State<Arc<Mindbody>>, parts: Parts) -> Response {
    list(&mindbody, "Sales", ["SaleStartDateTime", "SaleEndDateTime"], "SaleDateTime", &parts)
}

/// `GET /appointment/staffappointments`.
pub(super) async fn appointments(State(mindbody): State<Arc<Mindbody>>, parts: Parts) -> Response {
    list(&mindbody, "Appointments", ["StartDate", "EndDate"], "StartDateTime", &parts)
}

/// `GET /class/classes`.
pub(super) async fn classes(State(mindbody): State<Arc<Mindbody>>, parts: Parts) -> Response {
    list(&mindbody, "Classes", ["StartDateTime", "EndDateTime"], "StartDateTime", &parts)
}

/// `GET /class/classvisits`.
pub(super) async fn visits(State(mindbody): State<Arc<Mindbody>>, parts: Parts) -> Response {
    if let Some(refused) = mindbody.refusal(&parts.headers, true) {
        return refused;
    }
    let ask = pairs(parts.uri.query().unwrap_or_default());
    let id = ask.get("ClassID").map_or("", String::as_str);
    match mindbody.shelf.find("Visits", "Id", id) {
        Some(class) => Json(json!({ "Class": class })).into_response(),
        None => error(404, "ClassNotFound", "There is no such class."),
    }
}

/// `GET /client/clients`, by `ClientIDs` that may be repeated.
pub(super) async fn clients(State(mindbody): State<Arc<Mindbody>>, parts: Parts) -> Response {
    if let Some(refused) = mindbody.refusal(&parts.headers, true) {
        return refused;
    }
    let query = parts.uri.query().unwrap_or_default();
    let wanted: Vec<String> = query.split('&').filter_map(|pair| pairs(pair).remove("ClientIDs")).collect();
    let clients: Vec<Value> =
        mindbody.shelf.all("Clients").into_iter().filter(|client| wanted.contains(&said(&client["Id"]))).collect();
    Json(json!({"PaginationResponse": {"TotalResults": clients.len()}, "Clients": clients})).into_response()
}
