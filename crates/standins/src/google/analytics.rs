//! Analytics 4: `runReport` over visits.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{ANALYTICS, Google, GoogleError, Session};
use crate::sources::{repeats, told};

const MOST_ROWS: usize = 250_000;

fn names(body: &Value, list: &str) -> Vec<String> {
    let list = body[list].as_array().into_iter().flatten();
    list.filter_map(|one| one["name"].as_str()).map(str::to_owned).collect()
}

/// An int64, which is text on this wire; numbers are understood too.
fn whole(value: &Value) -> Option<usize> {
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64().map(|number| number as usize))
}

fn dimension(session: &Session, name: &str) -> Option<String> {
    Some(match name {
        "date" => session.date.format("%Y%m%d").to_string(),
        "sessionSource" => session.source.clone(),
        "sessionMedium" => session.medium.clone(),
        _ => return None,
    })
}

fn metric(session: &Session, name: &str) -> Option<String> {
    Some(match name {
        "sessions" => session.sessions.to_string(),
        "totalUsers" => session.users.to_string(),
        "keyEvents" => session.key_events.to_string(),
        _ => return None,
    })
}

pub(super) async fn run(
    State(google): State<Arc<Google>>,
    Path(target): Path<String>,
    parts: Parts,
    body: String,
) -> Result<Json<Value>, GoogleError> {
    google.admit(&parts, ANALYTICS)?;
    let body: Value =
        serde_json::from_str(&body).map_err(|_| GoogleError::invalid("Invalid JSON payload received."))?;
    match target.split_once(':') {
        Some((property, "runReport")) if property == google.config.property => {}
        Some((_, "runReport")) => {
            let message = "User does not have sufficient permissions for this property.";
            return Err(GoogleError::new(403, "PERMISSION_DENIED", message));
        }
        _ => return Err(GoogleError::missing()),
    }
    let (dimensions, metrics) = (names(&body, "dimensions"), names(&body, "metrics"));
    if metrics.is_empty() || metrics.len() > 10 {
        return Err(GoogleError::invalid("One to ten metrics are required."));
    }
    let day = |name: &str| body["dateRanges"][0][name].as_str().and_then(|text| text.parse::<NaiveDate>().ok());
    let (Some(from), Some(to)) = (day("startDate"), day("endDate")) else {
        return Err(GoogleError::invalid("Invalid startDate or endDate."));
    };
    let limit = whole(&body["limit"]).unwrap_or(10_000);
    if limit == 0 || limit > MOST_ROWS {
        return Err(GoogleError::invalid("The limit is out of range."));
    }
    let offset = if repeats(&parts.extensions) { 0 } else { whole(&body["offset"]).unwrap_or(0) };
    google.data(|data| {
        let mut rows: Vec<&Session> =
            data.sessions.iter().filter(|session| (from..=to).contains(&session.date)).collect();
        rows.sort_by(|a, b| (a.date, &a.source, &a.medium).cmp(&(b.date, &b.source, &b.medium)));
        let row = |session: &&Session| {
            let all = |names: &[String], of: fn(&Session, &str) -> Option<String>| {
                let values = names.iter().map(|name| of(session, name).map(|value| json!({ "value": value })));
                values.collect::<Option<Vec<Value>>>()
            };
            let (dimensions, metrics) = (all(&dimensions, dimension), all(&metrics, metric));
            dimensions.zip(metrics).map(|(d, m)| json!({ "dimensionValues": d, "metricValues": m }))
        };
        let shown: Option<Vec<Value>> = rows.iter().skip(offset).take(limit).map(row).collect();
        let shown = shown.ok_or_else(|| GoogleError::invalid("Field is not a valid dimension or metric."))?;
        let heads = |names: &[String]| names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>();
        let mut answer = json!({
            "kind": "analyticsData#runReport", "dimensionHeaders": heads(&dimensions),
            "metricHeaders": metrics.iter().map(|name| json!({ "name": name, "type": "TYPE_INTEGER" })).collect::<Vec<_>>(),
            "rowCount": told(&parts.extensions, rows.len()),
            "metadata": { "currencyCode": "USD", "timeZone": "America/Chicago" },
        });
        if !shown.is_empty() {
            answer["rows"] = json!(shown);
        }
        Ok(Json(answer))
    })
}
