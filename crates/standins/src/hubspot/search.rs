//! Search: groups are or-ed, filters and-ed, and the index shows what it knew a moment ago.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::state::{Properties, Record, shown};
use super::{HubError, HubSpot, values};
use crate::sources::{repeats, told};

const GROUPS: usize = 5;
const FILTERS: usize = 10;
const ALL_FILTERS: usize = 25;
const LIMIT: u64 = 200;
const REACH: u64 = 10_000;
const QUERY_CHARS: usize = 3000;

/// `POST /crm/v3/objects/{object}/search`.
pub(super) async fn search(
    State(hubspot): State<Arc<HubSpot>>,
    Path(object): Path<String>,
    parts: Parts,
    Json(mut body): Json<Value>,
) -> Result<Json<Value>, HubError> {
    let object = values::object(&object)?;
    check(&body)?;
    if repeats(&parts.extensions) {
        (body["filterGroups"], body["after"]) = (json!([]), Value::Null);
    }
    let limit = body["limit"].as_u64().unwrap_or(10);
    let after = match &body["after"] {
        Value::String(text) => text.parse().map_err(|_| HubError::validation("after is not a number"))?,
        Value::Number(number) => number.as_u64().unwrap_or(0),
        _ => 0,
    };
    if limit > LIMIT {
        return Err(HubError::validation("The maximum limit is 200"));
    }
    if after + limit > REACH {
        return Err(HubError::validation("Cannot page beyond 10000 results"));
    }
    let (now, lag) = (hubspot.now_ms(), hubspot.config.index_lag_ms);
    let mut found: Vec<Record> = hubspot.state(|state| {
        let records = state.objects.get(object).into_iter().flat_map(|records| records.values());
        records.filter(|record| !record.archived).filter_map(|record| indexed(record, now, lag)).collect()
    });
    found.retain(|record| fits(&body, &record.properties));
    if let Some(sort) = body["sorts"].get(0) {
        let name = sort["propertyName"].as_str().or(sort.as_str()).unwrap_or("createdate").to_owned();
        let held = |record: &Record| record.properties.get(&name).cloned().unwrap_or_default();
        found.sort_by(|a, b| order(&held(a), &held(b)));
        if sort["direction"] == "DESCENDING" {
            found.reverse();
        }
    }
    let wanted: Vec<String> =
        body["properties"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let results: Vec<Value> =
        found.iter().skip(after as usize).take(limit as usize).map(|record| shown(record, &wanted)).collect();
    let mut answer = json!({ "total": told(&parts.extensions, found.len()), "results": results });
    let next = after + results.len() as u64;
    if (next as usize) < found.len() {
        answer["paging"] = json!({ "next": { "after": next.to_string() } });
    }
    Ok(Json(answer))
}

/// The record as the index knows it; nothing when it is too new.
fn indexed(record: &Record, now: i64, lag: i64) -> Option<Record> {
    if now - record.updated_ms >= lag {
        return Some(record.clone());
    }
    let properties = record.indexed.clone()?;
    Some(Record { properties, ..record.clone() })
}

fn check(body: &Value) -> Result<(), HubError> {
    let groups = body["filterGroups"].as_array().map(Vec::as_slice).unwrap_or_default();
    let counts: Vec<usize> = groups.iter().map(|group| group["filters"].as_array().map_or(0, Vec::len)).collect();
    if groups.len() > GROUPS
        || counts.iter().any(|count| *count > FILTERS)
        || counts.iter().sum::<usize>() > ALL_FILTERS
    {
        return Err(HubError::validation("Too many filters: at most 5 groups, 10 filters in a group and 25 in all"));
    }
    if body["query"].as_str().is_some_and(|query| query.chars().count() > QUERY_CHARS) {
        return Err(HubError::validation("query must have at most 3000 characters"));
    }
    for filter in groups.iter().flat_map(|group| group["filters"].as_array().into_iter().flatten()) {
        let operator = filter["operator"].as_str().unwrap_or_default();
        let known = [
            "EQ",
            "NEQ",
            "LT",
            "LTE",
            "GT",
            "GTE",
            "BETWEEN",
            "IN",
            "NOT_IN",
            "HAS_PROPERTY",
            "NOT_HAS_PROPERTY",
            "CONTAINS_TOKEN",
            "NOT_CONTAINS_TOKEN",
        ];
        if !known.contains(&operator) || filter["propertyName"].as_str().is_none_or(str::is_empty) {
            return Err(HubError::validation(&format!("Invalid filter: operator {operator}")));
        }
    }
    Ok(())
}

fn fits(body: &Value, properties: &Properties) -> bool {
    let groups = body["filterGroups"].as_array().map(Vec::as_slice).unwrap_or_default();
    let in_group =
        |group: &Value| group["filters"].as_array().into_iter().flatten().all(|filter| passes(filter, properties));
    let query = body["query"].as_str().unwrap_or_default().to_lowercase();
    let mentioned = query.is_empty() || properties.values().any(|value| value.to_lowercase().contains(&query));
    mentioned && (groups.is_empty() || groups.iter().any(in_group))
}

fn passes(filter: &Value, properties: &Properties) -> bool {
    let held = properties.get(filter["propertyName"].as_str().unwrap_or_default());
    let operator = filter["operator"].as_str().unwrap_or_default();
    let text = |name: &str| filter[name].as_str().map_or_else(|| filter[name].to_string(), str::to_lowercase);
    let listed = |held: &str| {
        filter["values"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|v| v.as_str().is_some_and(|v| v.eq_ignore_ascii_case(held)))
    };
    let Some(held) = held.map(|held| held.to_lowercase()) else {
        return matches!(operator, "NOT_HAS_PROPERTY" | "NEQ" | "NOT_IN" | "NOT_CONTAINS_TOKEN");
    };
    match operator {
        "EQ" => held == text("value"),
        "NEQ" => held != text("value"),
        "LT" => order(&held, &text("value")).is_lt(),
        "LTE" => order(&held, &text("value")).is_le(),
        "GT" => order(&held, &text("value")).is_gt(),
        "GTE" => order(&held, &text("value")).is_ge(),
        "BETWEEN" => order(&held, &text("value")).is_ge() && order(&held, &text("highValue")).is_le(),
        "IN" => listed(&held),
        "NOT_IN" => !listed(&held),
        "HAS_PROPERTY" => true,
        "CONTAINS_TOKEN" => held.contains(text("value").trim_matches('*')),
        "NOT_CONTAINS_TOKEN" => !held.contains(text("value").trim_matches('*')),
        _ => false,
    }
}

/// Numbers as numbers, an instant and milliseconds as instants, everything else as text.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    let instant =
        |text: &str| chrono::DateTime::parse_from_rfc3339(&text.to_uppercase()).map(|at| at.timestamp_millis()).ok();
    let moment = |text: &str| instant(text).or_else(|| text.parse().ok());
    if (instant(a).is_some() || instant(b).is_some())
        && let (Some(a), Some(b)) = (moment(a), moment(b))
    {
        return a.cmp(&b);
    }
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes_with(operator: &str, value: &str) -> bool {
        let properties = Properties::from([
            ("amount".to_owned(), "90".to_owned()),
            ("email".to_owned(), "Ada@Example.com".to_owned()),
        ]);
        let name = if value.parse::<f64>().is_ok() { "amount" } else { "email" };
        passes(
            &json!({ "propertyName": name, "operator": operator, "value": value, "highValue": "100", "values": [value] }),
            &properties,
        )
    }

    #[test]
    fn operators() {
        assert!(
            passes_with("EQ", "ada@example.com")
                && passes_with("IN", "ada@example.com")
                && passes_with("CONTAINS_TOKEN", "*example*")
        );
        assert!(
            passes_with("LT", "100")
                && passes_with("GTE", "90")
                && passes_with("BETWEEN", "80")
                && !passes_with("GT", "100")
        );
    }

    #[test]
    fn what_is_missing_is_only_not_something() {
        let empty = Properties::new();
        let filter = |operator: &str| json!({ "propertyName": "a", "operator": operator, "value": "1" });
        assert!(passes(&filter("NOT_HAS_PROPERTY"), &empty) && passes(&filter("NEQ"), &empty));
        assert!(!passes(&filter("HAS_PROPERTY"), &empty) && !passes(&filter("EQ"), &empty));
    }
}
