//! Batches: at most a hundred inputs, each judged by itself; a partial failure answers 207.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::state::{State as Portal, shown};
use super::{HubError, HubSpot, objects, values};
use crate::server::clock::iso;

const MOST: usize = 100;

/// `POST /crm/v3/objects/{object}/batch/{action}`.
pub(super) async fn run(
    State(hubspot): State<Arc<HubSpot>>,
    Path((object, action)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<Response, HubError> {
    let object = values::object(&object)?;
    let inputs = inputs(&body)?;
    let (now, lag) = (hubspot.now_ms(), hubspot.config.index_lag_ms);
    let started = hubspot.shared.clock.now_iso();
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    hubspot.state(|state| {
        for input in inputs {
            let done = match action.as_str() {
                "create" => objects::create_one(state, object, input, now),
                "read" => read(state, object, input, &body),
                "update" => update(state, object, input, now, lag),
                "upsert" => upsert(state, object, input, now, lag),
                "archive" => archive(state, object, input),
                _ => Err(HubError::validation("Unknown batch action")),
            };
            let trace = input["objectWriteTraceId"].as_str();
            match done {
                Ok(mut result) => {
                    if let Some(trace) = trace {
                        result["objectWriteTraceId"] = json!(trace);
                    }
                    results.push(result);
                }
                Err(error) => errors.push(error.item(trace, input["id"].as_str())),
            }
        }
    });
    if action == "archive" {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let whole = if action == "create" { StatusCode::CREATED } else { StatusCode::OK };
    Ok(answer(whole, &started, &iso(hubspot.now_ms()), &results, &errors))
}

/// The inputs, if there are neither none nor too many.
pub(super) fn inputs(body: &Value) -> Result<&Vec<Value>, HubError> {
    let inputs = body["inputs"].as_array().ok_or_else(|| {
        HubError::validation("Invalid input JSON on line 1, column 1: Some required fields were not set: [inputs]")
    })?;
    if inputs.len() > MOST {
        return Err(HubError::validation(&format!(
            "The maximum batch size is {MOST}, the batch had {} inputs",
            inputs.len()
        )));
    }
    Ok(inputs)
}

/// The envelope: 207 when anything failed.
pub(super) fn answer(
    whole: StatusCode,
    started: &str,
    completed: &str,
    results: &[Value],
    errors: &[Value],
) -> Response {
    let mut body = json!({ "status": "COMPLETE", "results": results, "startedAt": started, "completedAt": completed });
    if errors.is_empty() {
        return (whole, Json(body)).into_response();
    }
    body["numErrors"] = json!(errors.len());
    body["errors"] = json!(errors);
    (StatusCode::MULTI_STATUS, Json(body)).into_response()
}

fn id(input: &Value) -> Result<&str, HubError> {
    input["id"]
        .as_str()
        .filter(|id| !id.is_empty())
        .ok_or_else(|| HubError::validation("inputs[].id is required and must be a string"))
}

fn read(state: &Portal, object: &str, input: &Value, body: &Value) -> Result<Value, HubError> {
    let id = id(input)?;
    let found = state.locate(object, id, body["idProperty"].as_str());
    let record = found.and_then(|found| state.record(object, found)).ok_or_else(|| HubError::missing(id))?;
    let wanted: Vec<String> =
        body["properties"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(shown(record, &wanted))
}

fn update(state: &mut Portal, object: &str, input: &Value, now: i64, lag: i64) -> Result<Value, HubError> {
    let id = id(input)?;
    let found = state.locate(object, id, input["idProperty"].as_str()).ok_or_else(|| HubError::missing(id))?;
    state.update(object, found, &input["properties"], now, lag)?;
    result(state, object, found, input)
}

fn upsert(state: &mut Portal, object: &str, input: &Value, now: i64, lag: i64) -> Result<Value, HubError> {
    let id = id(input)?;
    let property = input["idProperty"].as_str().unwrap_or("hs_object_id");
    let unique = property == "hs_object_id"
        || state
            .properties
            .get(object)
            .and_then(|known| known.get(property))
            .is_some_and(|known| known["hasUniqueValue"] == json!(true));
    if !unique {
        return Err(HubError::validation(&format!("Property {property} is not a unique identifier property")));
    }
    if let Some(found) = state.locate(object, id, Some(property)) {
        state.update(object, found, &input["properties"], now, lag)?;
        let mut result = result(state, object, found, input)?;
        result["new"] = json!(false);
        return Ok(result);
    }
    if property == "hs_object_id" {
        return Err(HubError::missing(id));
    }
    let mut given = input["properties"].clone();
    if given.is_null() {
        given = json!({});
    }
    given[property] = json!(id);
    let made = state.create(object, &given, now)?;
    let mut result = result(state, object, made, input)?;
    result["new"] = json!(true);
    Ok(result)
}

fn result(state: &Portal, object: &str, id: u64, input: &Value) -> Result<Value, HubError> {
    let given: Vec<String> =
        input["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    state.record(object, id).map(|record| shown(record, &given)).ok_or_else(|| HubError::missing(&id.to_string()))
}

fn archive(state: &mut Portal, object: &str, input: &Value) -> Result<Value, HubError> {
    let id: u64 = id(input)?.parse().map_err(|_| HubError::missing("?"))?;
    objects::archive_one(state, object, id);
    Ok(Value::Null)
}
