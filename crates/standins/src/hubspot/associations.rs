//! Lines between records, in both versions of the API.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::state::State as Portal;
use super::{HubError, HubSpot, batch, values};

type Ends = (String, String, String, String);

fn number(id: &str) -> Result<u64, HubError> {
    id.parse().map_err(|_| HubError::missing(id))
}

/// `PUT /crm/v3/objects/{from}/{id}/associations/{to}/{to_id}/{kind}`.
pub(super) async fn put_v3(
    State(hubspot): State<Arc<HubSpot>>,
    Path((from, id, to, to_id, kind)): Path<(String, String, String, String, String)>,
) -> Result<Json<Value>, HubError> {
    let (from, to) = (values::object(&from)?, values::object(&to)?);
    let kind = match kind.parse() {
        Ok(kind) => kind,
        Err(_) => values::default_kind(from, to).ok_or_else(|| HubError::validation("Unknown association type"))?,
    };
    let (id, to_id) = (number(&id)?, number(&to_id)?);
    hubspot.state(|state| state.associate((from, id), (to, to_id), &[kind]))?;
    let line = json!({ "id": to_id.to_string(), "type": format!("{from}_to_{to}") });
    Ok(Json(json!({ "id": id.to_string(), "associations": { to: { "results": [line] } } })))
}

/// `GET /crm/v3/objects/{from}/{id}/associations/{to}`.
pub(super) async fn list_v3(
    State(hubspot): State<Arc<HubSpot>>,
    Path((from, id, to)): Path<(String, String, String)>,
) -> Result<Json<Value>, HubError> {
    let (from, to, id) = (values::object(&from)?, values::object(&to)?, number(&id)?);
    let results: Vec<Value> = hubspot.state(|state| {
        state
            .lines(from, id, to)
            .iter()
            .map(|line| json!({ "id": line.to_id.to_string(), "type": format!("{from}_to_{to}") }))
            .collect()
    });
    Ok(Json(json!({ "results": results })))
}

/// `PUT /crm/v4/objects/{from}/{id}/associations/default/{to}/{to_id}`: 200, shaped like a batch.
pub(super) async fn put_default(
    State(hubspot): State<Arc<HubSpot>>,
    Path((from, id, to, to_id)): Path<Ends>,
) -> Result<Json<Value>, HubError> {
    let (from, to) = (values::object(&from)?, values::object(&to)?);
    let (id, to_id) = (number(&id)?, number(&to_id)?);
    let line = hubspot.state(|state| line_default(state, (from, id), (to, to_id)))?;
    let now = hubspot.shared.clock.now_iso();
    Ok(Json(json!({ "status": "COMPLETE", "results": [line], "startedAt": now, "completedAt": now })))
}

fn line_default(state: &mut Portal, from: (&str, u64), to: (&str, u64)) -> Result<Value, HubError> {
    let kind = values::default_kind(from.0, to.0).ok_or_else(|| HubError::validation("Unknown association type"))?;
    state.associate(from, to, &[kind])?;
    Ok(json!({
        "from": { "id": from.1.to_string() }, "to": { "id": to.1.to_string() },
        "associationSpec": { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind },
    }))
}

/// `PUT /crm/v4/objects/{from}/{id}/associations/{to}/{to_id}`: 201.
pub(super) async fn put_labelled(
    State(hubspot): State<Arc<HubSpot>>,
    Path((from, id, to, to_id)): Path<Ends>,
    Json(types): Json<Value>,
) -> Result<Response, HubError> {
    let (from, to) = (values::object(&from)?, values::object(&to)?);
    let (id, to_id) = (number(&id)?, number(&to_id)?);
    let line = hubspot.state(|state| line_labelled(state, (from, id), (to, to_id), &types))?;
    Ok((StatusCode::CREATED, Json(line)).into_response())
}

fn line_labelled(state: &mut Portal, from: (&str, u64), to: (&str, u64), types: &Value) -> Result<Value, HubError> {
    let types = types.as_array().filter(|types| !types.is_empty());
    let types = types.ok_or_else(|| HubError::validation("At least one association type is required"))?;
    let mut kinds = Vec::new();
    for one in types {
        let kind =
            one["associationTypeId"].as_u64().ok_or_else(|| HubError::validation("associationTypeId is required"))?;
        let category = one["associationCategory"].as_str().unwrap_or_default();
        let usual = values::default_kind(from.0, to.0) == Some(kind)
            || (from.0, to.0, kind) == ("contacts", "companies", 1)
            || (from.0, to.0, kind) == ("deals", "companies", 5);
        if category == "HUBSPOT_DEFINED" && !usual {
            return Err(HubError::validation(&format!(
                "{kind} is not a valid association type between {} and {}",
                from.0, to.0
            )));
        }
        if !["HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED", "WORK"].contains(&category) {
            return Err(HubError::validation("Unknown associationCategory"));
        }
        kinds.push(kind);
    }
    state.associate(from, to, &kinds)?;
    Ok(json!({
        "fromObjectTypeId": values::type_id(from.0), "fromObjectId": from.1, "toObjectTypeId": values::type_id(to.0),
        "toObjectId": to.1, "labels": [],
    }))
}

/// `DELETE /crm/v4/objects/{from}/{id}/associations/{to}/{to_id}`.
pub(super) async fn remove(
    State(hubspot): State<Arc<HubSpot>>,
    Path((from, id, to, to_id)): Path<Ends>,
) -> Result<StatusCode, HubError> {
    let (from, to) = (values::object(&from)?, values::object(&to)?);
    let (id, to_id) = (number(&id)?, number(&to_id)?);
    hubspot.state(|state| cut(state, (from, id), (to, to_id)));
    Ok(StatusCode::NO_CONTENT)
}

fn cut(state: &mut Portal, from: (&str, u64), to: (&str, u64)) {
    state.associations.retain(|line| {
        let ends = ((line.from.as_str(), line.from_id), (line.to.as_str(), line.to_id));
        ends != (from, to) && ends != (to, from)
    });
}

/// `GET /crm/v4/objects/{from}/{id}/associations/{to}`.
pub(super) async fn list_v4(
    State(hubspot): State<Arc<HubSpot>>,
    Path((from, id, to)): Path<(String, String, String)>,
) -> Result<Json<Value>, HubError> {
    let (from, to, id) = (values::object(&from)?, values::object(&to)?, number(&id)?);
    Ok(Json(json!({ "results": hubspot.state(|state| ends(state, from, id, to)) })))
}

fn ends(state: &Portal, from: &str, id: u64, to: &str) -> Vec<Value> {
    let kind = |kind: u64| json!([{ "category": "HUBSPOT_DEFINED", "typeId": kind, "label": null }]);
    state
        .lines(from, id, to)
        .iter()
        .map(|line| json!({ "toObjectId": line.to_id, "associationTypes": kind(line.kind) }))
        .collect()
}

type Types = (String, String);

/// `POST /crm/v4/associations/{from}/{to}/batch/create`.
pub(super) async fn batch_create(
    hubspot: State<Arc<HubSpot>>,
    path: Path<Types>,
    body: Json<Value>,
) -> Result<Response, HubError> {
    each(&hubspot, &path, &body, StatusCode::CREATED, |state, from, to, input| {
        line_labelled(state, from, to, &input["types"])
    })
}

/// `POST /crm/v4/associations/{from}/{to}/batch/associate/default`.
pub(super) async fn batch_default(
    hubspot: State<Arc<HubSpot>>,
    path: Path<Types>,
    body: Json<Value>,
) -> Result<Response, HubError> {
    each(&hubspot, &path, &body, StatusCode::OK, |state, from, to, _| line_default(state, from, to))
}

type Draw = fn(&mut Portal, (&str, u64), (&str, u64), &Value) -> Result<Value, HubError>;

fn each(hubspot: &HubSpot, path: &Types, body: &Value, whole: StatusCode, draw: Draw) -> Result<Response, HubError> {
    let (from, to) = (values::object(&path.0)?, values::object(&path.1)?);
    let inputs = batch::inputs(body)?;
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    hubspot.state(|state| {
        for input in inputs {
            let ids = id_of(&input["from"]).and_then(|id| id_of(&input["to"]).map(|to_id| (id, to_id)));
            match ids.and_then(|(id, to_id)| draw(state, (from, id), (to, to_id), input)) {
                Ok(result) => results.push(result),
                Err(error) => errors.push(error.item(None, input["from"]["id"].as_str())),
            }
        }
    });
    let now = hubspot.shared.clock.now_iso();
    Ok(batch::answer(whole, &now, &now, &results, &errors))
}

fn id_of(end: &Value) -> Result<u64, HubError> {
    number(end["id"].as_str().unwrap_or_default())
}

/// `POST /crm/v4/associations/{from}/{to}/batch/read`.
pub(super) async fn batch_read(
    hubspot: State<Arc<HubSpot>>,
    path: Path<Types>,
    body: Json<Value>,
) -> Result<Response, HubError> {
    let (from, to) = (values::object(&path.0.0)?, values::object(&path.0.1)?);
    let mut results = Vec::new();
    for input in batch::inputs(&body)? {
        let id = id_of(input)?;
        let lines = hubspot.state(|state| ends(state, from, id, to));
        if !lines.is_empty() {
            results.push(json!({ "from": { "id": id.to_string() }, "to": lines }));
        }
    }
    let now = hubspot.shared.clock.now_iso();
    Ok(batch::answer(StatusCode::OK, &now, &now, &results, &[]))
}

/// `POST /crm/v4/associations/{from}/{to}/batch/archive`.
pub(super) async fn batch_archive(
    hubspot: State<Arc<HubSpot>>,
    path: Path<Types>,
    body: Json<Value>,
) -> Result<StatusCode, HubError> {
    let (from, to) = (values::object(&path.0.0)?, values::object(&path.0.1)?);
    for input in batch::inputs(&body)? {
        let id = id_of(&input["from"])?;
        for end in input["to"].as_array().into_iter().flatten() {
            let to_id = id_of(end)?;
            hubspot.state(|state| cut(state, (from, id), (to, to_id)));
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
