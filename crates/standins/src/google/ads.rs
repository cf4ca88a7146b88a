//! Ads: `search` and `searchStream` with the part of GAQL that reports need: a resource, fields, and a stretch of days.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{ADS, Google, GoogleError, page};
use crate::sources::{repeats, told};

/// Rows of one batch of a stream.
const BATCH: usize = 50;

pub(super) async fn run(
    State(google): State<Arc<Google>>,
    Path((version, customer, action)): Path<(String, String, String)>,
    parts: Parts,
    body: String,
) -> Response {
    if !google.config.ads_versions.contains(&version) {
        // A version that is gone answers a page for people.
        return (StatusCode::NOT_FOUND, [("content-type", "text/html")], "<html>404. That’s an error.</html>")
            .into_response();
    }
    match answer(&google, (&version, &customer, &action), &parts, &body) {
        Ok(value) => Json(value).into_response(),
        Err(error) => error.into_response(),
    }
}

fn answer(google: &Google, target: (&str, &str, &str), parts: &Parts, body: &str) -> Result<Value, GoogleError> {
    let (version, customer, action) = target;
    google.admit(parts, ADS)?;
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let denied = |code: &str| {
        let error = GoogleError::new(403, "PERMISSION_DENIED", "The caller does not have permission");
        error.ads(version, "authorizationError", code)
    };
    if let Some(wanted) = &google.config.developer_token
        && header("developer-token") != Some(wanted.as_str())
    {
        return Err(GoogleError::unauthenticated("The developer token is not valid.").ads(
            version,
            "authenticationError",
            "DEVELOPER_TOKEN_INVALID",
        ));
    }
    if google.config.manager.as_deref() != header("login-customer-id") && google.config.manager.is_some() {
        return Err(denied("USER_PERMISSION_DENIED"));
    }
    if customer != google.config.customer {
        return Err(denied("CUSTOMER_NOT_FOUND"));
    }
    let body: Value = serde_json::from_str(body).map_err(|_| GoogleError::invalid("Invalid JSON payload received."))?;
    let query = body["query"].as_str().unwrap_or_default();
    let asked = Gaql::read(query).ok_or_else(|| {
        GoogleError::invalid("Error in query: unexpected input.").ads(version, "queryError", "UNEXPECTED_INPUT")
    })?;
    let rows = google.data(|data| asked.rows(google, data));
    let mask = asked.fields.join(",");
    match action {
        "googleAds:searchStream" => {
            let batches =
                rows.chunks(BATCH).map(|rows| json!({ "results": rows, "fieldMask": mask, "requestId": "r1" }));
            Ok(batches.collect())
        }
        "googleAds:search" => {
            if !body["pageSize"].is_null() {
                let error = GoogleError::invalid("Setting the page size is not supported.");
                return Err(error.ads(version, "requestError", "PAGE_SIZE_NOT_SUPPORTED"));
            }
            let token = if repeats(&parts.extensions) { "" } else { body["pageToken"].as_str().unwrap_or_default() };
            let (range, next) = page(token, query, google.config.ads_page, rows.len())?;
            let mut answer = json!({
                "results": rows[range], "fieldMask": mask, "totalResultsCount": told(&parts.extensions, rows.len()).to_string(),
            });
            if let Some(next) = next {
                answer["nextPageToken"] = json!(next);
            }
            Ok(answer)
        }
        _ => Err(GoogleError::missing()),
    }
}

/// A question.
struct Gaql {
    fields: Vec<String>,
    resource: String,
    from: NaiveDate,
    to: NaiveDate,
}

impl Gaql {
    /// Reads `SELECT a, b FROM r [WHERE … BETWEEN 'd' AND 'd' …]`.
    fn read(query: &str) -> Option<Self> {
        let rest = query.trim().strip_prefix("SELECT ")?;
        let (fields, rest) = rest.split_once(" FROM ")?;
        let (resource, filter) = rest.split_once(" WHERE ").unwrap_or((rest, ""));
        let resource = resource.split_whitespace().next()?.to_owned();
        if !["campaign", "call_view", "customer"].contains(&resource.as_str()) {
            return None;
        }
        let mut quoted = filter.split('\'').skip(1).step_by(2);
        let mut day = |usual: NaiveDate| match quoted.next() {
            None => Some(usual),
            Some(text) => text.get(..10)?.parse().ok(),
        };
        let (from, to) = (day(NaiveDate::MIN)?, day(NaiveDate::MAX)?);
        Some(Self { fields: fields.split(',').map(|field| field.trim().to_owned()).collect(), resource, from, to })
    }

    fn rows(&self, google: &Google, data: &super::Data) -> Vec<Value> {
        let customer = google.config.customer.as_str();
        let about = json!({
            "resourceName": format!("customers/{customer}"), "id": customer, "descriptiveName": "Acme Dental",
            "currencyCode": "USD", "timeZone": "America/Chicago",
        });
        let all: Vec<Value> = match self.resource.as_str() {
            "customer" => vec![json!({ "customer": about })],
            "campaign" => {
                let mut days: Vec<_> =
                    data.ad_days.iter().filter(|day| (self.from..=self.to).contains(&day.date)).collect();
                days.sort_by_key(|day| (day.date, day.campaign));
                days.iter()
                    .map(|day| {
                        json!({
                            "campaign": {
                                "resourceName": format!("customers/{customer}/campaigns/{}", day.campaign),
                                "id": day.campaign.to_string(), "name": day.name, "status": "ENABLED",
                                "advertisingChannelType": "SEARCH",
                            },
                            "segments": { "date": day.date }, "customer": about,
                            "metrics": {
                                "clicks": day.clicks.to_string(), "impressions": day.impressions.to_string(),
                                "costMicros": day.cost_micros.to_string(), "conversions": day.conversions,
                                "conversionsValue": day.conversions * 135.0,
                            },
                        })
                    })
                    .collect()
            }
            _ => {
                let in_time =
                    |start: &str| start[..10].parse().is_ok_and(|day: NaiveDate| (self.from..=self.to).contains(&day));
                let mut calls: Vec<_> = data.calls.iter().filter(|call| in_time(&call.start)).collect();
                calls.sort_by_key(|call| call.start.clone());
                calls
                    .iter()
                    .map(|call| {
                        json!({
                            "callView": {
                                "resourceName": call.resource, "callDurationSeconds": call.duration.to_string(),
                                "startCallDateTime": call.start, "callStatus": call.status,
                                "type": "MANUALLY_DIALED", "callerCountryCode": "US", "callerAreaCode": "214",
                            },
                            "customer": about,
                        })
                    })
                    .collect()
            }
        };
        all.into_iter().map(|row| self.selected(&row)).collect()
    }

    /// Only the fields asked for; the names of resources come along.
    fn selected(&self, row: &Value) -> Value {
        let mut kept = json!({});
        for field in &self.fields {
            let Some((resource, name)) = field.split_once('.') else { continue };
            let (resource, name) = (camel(resource), camel(name));
            let value = &row[&resource][&name];
            if !value.is_null() {
                kept[&resource][&name] = value.clone();
            }
            if row[&resource]["resourceName"].is_string() {
                kept[&resource]["resourceName"] = row[&resource]["resourceName"].clone();
            }
        }
        kept
    }
}

/// `cost_micros` as `costMicros`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut up = false;
    for letter in name.chars() {
        if letter == '_' {
            up = true;
        } else {
            out.push(if up { letter.to_ascii_uppercase() } else { letter });
            up = false;
        }
    }
    out
}
