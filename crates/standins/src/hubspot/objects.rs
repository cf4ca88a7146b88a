//! Single records: made, read, changed, put in the bin, merged, forgotten.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::state::{Record, State as Portal, shown};
use super::{HubError, HubSpot, values};

/// What to show and how to find it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ask {
    #[serde(default)]
    properties: String,
    id_property: Option<String>,
    associations: Option<String>,
    limit: Option<usize>,
    after: Option<u64>,
    #[serde(default)]
    archived: bool,
}

impl Ask {
    fn wanted(&self) -> Vec<String> {
        self.properties.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

/// `POST /crm/v3/objects/{object}`.
pub(super) async fn create(
    State(hubspot): State<Arc<HubSpot>>,
    Path(object): Path<String>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), HubError> {
    let object = values::object(&object)?;
    let now = hubspot.now_ms();
    let made = hubspot.state(|state| create_one(state, object, &body, now))?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Makes one record with its associations, or nothing.
pub(super) fn create_one(state: &mut Portal, object: &str, input: &Value, now: i64) -> Result<Value, HubError> {
    let lines = parse_lines(state, object, &input["associations"])?;
    let id = state.create(object, &input["properties"], now)?;
    for (to, to_id, kinds) in lines {
        state.associate((object, id), (to, to_id), &kinds)?;
    }
    let record = state.record(object, id).ok_or_else(|| HubError::missing(&id.to_string()))?;
    let given: Vec<String> =
        input["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    Ok(shown(record, &given))
}

type Line = (&'static str, u64, Vec<u64>);

/// The wanted associations; the type number says what the other end is.
fn parse_lines(state: &Portal, object: &str, wanted: &Value) -> Result<Vec<Line>, HubError> {
    let mut lines = Vec::new();
    for one in wanted.as_array().into_iter().flatten() {
        let id: u64 = match &one["to"]["id"] {
            Value::String(id) => id.parse().map_err(|_| HubError::validation("associations[].to.id is not an id"))?,
            Value::Number(id) => id.as_u64().unwrap_or_default(),
            _ => return Err(HubError::validation("associations[].to.id is required")),
        };
        let kinds: Vec<u64> = one["types"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|kind| kind["associationTypeId"].as_u64())
            .collect();
        let to = ["contacts", "deals", "companies", "notes", "tasks"]
            .into_iter()
            .find(|to| values::default_kind(object, to).is_some_and(|kind| kinds.contains(&kind)));
        let Some(to) = to else {
            return Err(HubError::validation(&format!("Invalid association types {kinds:?} from {object}")));
        };
        if state.record(to, id).is_none() {
            return Err(HubError::missing(&id.to_string()));
        }
        lines.push((to, id, kinds));
    }
    Ok(lines)
}

/// `GET /crm/v3/objects/{object}/{id}`.
pub(super) async fn show(
    State(hubspot): State<Arc<HubSpot>>,
    Path((object, id)): Path<(String, String)>,
    Query(ask): Query<Ask>,
) -> Result<Json<Value>, HubError> {
    let object = values::object(&object)?;
    hubspot.state(|state| {
        let found = state.locate(object, &id, ask.id_property.as_deref()).ok_or_else(|| HubError::missing(&id))?;
        let record = state.record(object, found).ok_or_else(|| HubError::missing(&id))?;
        let mut answer = shown(record, &ask.wanted());
        for to in ask.associations.as_deref().unwrap_or_default().split(',').filter(|to| !to.is_empty()) {
            let to = values::object(to)?;
            let lines: Vec<Value> = state
                .lines(object, found, to)
                .iter()
                .map(|line| json!({ "id": line.to_id.to_string(), "type": format!("{object}_to_{to}") }))
                .collect();
            if !lines.is_empty() {
                answer["associations"][to] = json!({ "results": lines });
            }
        }
        Ok(Json(answer))
    })
}

/// `GET /crm/v3/objects/{object}`.
pub(super) async fn list(
    State(hubspot): State<Arc<HubSpot>>,
    Path(object): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Json<Value>, HubError> {
    let object = values::object(&object)?;
    let limit = ask.limit.unwrap_or(10);
    if !(1..=100).contains(&limit) {
        return Err(HubError::validation("Invalid limit: it must be between 1 and 100"));
    }
    let wanted = ask.wanted();
    let records: Vec<Record> = hubspot.state(|state| {
        let all = state.objects.get(object).into_iter().flat_map(|records| records.values());
        all.filter(|record| record.archived == ask.archived && record.id > ask.after.unwrap_or(0))
            .take(limit + 1)
            .cloned()
            .collect()
    });
    let results: Vec<Value> = records.iter().take(limit).map(|record| shown(record, &wanted)).collect();
    let mut answer = json!({ "results": results });
    if records.len() > limit {
        let after = records[limit - 1].id.to_string();
        answer["paging"] = json!({ "next": { "after": after, "link": format!("?after={after}") } });
    }
    Ok(Json(answer))
}

/// `PATCH /crm/v3/objects/{object}/{id}`.
pub(super) async fn update(
    State(hubspot): State<Arc<HubSpot>>,
    Path((object, id)): Path<(String, String)>,
    Query(ask): Query<Ask>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, HubError> {
    let object = values::object(&object)?;
    let (now, lag) = (hubspot.now_ms(), hubspot.config.index_lag_ms);
    hubspot.state(|state| {
        let found = state.locate(object, &id, ask.id_property.as_deref()).ok_or_else(|| HubError::missing(&id))?;
        state.update(object, found, &body["properties"], now, lag)?;
        let given: Vec<String> =
            body["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let record = state.record(object, found).ok_or_else(|| HubError::missing(&id))?;
        Ok(Json(shown(record, &given)))
    })
}

/// `DELETE /crm/v3/objects/{object}/{id}`: into the bin; doing it twice is no error.
pub(super) async fn archive(
    State(hubspot): State<Arc<HubSpot>>,
    Path((object, id)): Path<(String, String)>,
) -> Result<StatusCode, HubError> {
    let object = values::object(&object)?;
    let id: u64 = id.parse().map_err(|_| HubError::missing(&id))?;
    hubspot.state(|state| archive_one(state, object, id));
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a record in the bin and takes its lines away.
pub(super) fn archive_one(state: &mut Portal, object: &str, id: u64) {
    if let Some(record) = state.objects.get_mut(object).and_then(|records| records.get_mut(&id)) {
        record.archived = true;
    }
    state
        .associations
        .retain(|line| !(line.from == object && line.from_id == id || line.to == object && line.to_id == id));
}

/// `POST /crm/v3/objects/contacts/merge`: the second becomes part of the first, for good.
pub(super) async fn merge(
    State(hubspot): State<Arc<HubSpot>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, HubError> {
    let id = |name: &str| body[name].as_str().and_then(|id| id.parse::<u64>().ok());
    let (Some(kept), Some(merged)) = (id("primaryObjectId"), id("objectIdToMerge")) else {
        return Err(HubError::validation("primaryObjectId and objectIdToMerge are required"));
    };
    let now = hubspot.now_ms();
    hubspot.state(|state| {
        let second = state.record("contacts", merged).cloned().ok_or_else(|| HubError::missing(&merged.to_string()))?;
        let lines: Vec<(String, u64, u64)> = state
            .associations
            .iter()
            .filter(|l| l.from == "contacts" && l.from_id == merged)
            .map(|l| (l.to.clone(), l.to_id, l.kind))
            .collect();
        archive_one(state, "contacts", merged);
        for (to, to_id, kind) in lines {
            state.associate(("contacts", kept), (&to, to_id), &[kind])?;
        }
        let records = state.objects.entry("contacts".to_owned()).or_default();
        let first = records
            .get_mut(&kept)
            .filter(|record| !record.archived)
            .ok_or_else(|| HubError::missing(&kept.to_string()))?;
        for (name, value) in second.properties {
            first.properties.entry(name).or_insert(value);
        }
        first.updated_ms = now;
        Ok(Json(shown(first, &[])))
    })
}

/// `POST /crm/v3/objects/contacts/gdpr-delete`: forgotten for good.
pub(super) async fn gdpr_delete(
    State(hubspot): State<Arc<HubSpot>>,
    Json(body): Json<Value>,
) -> Result<StatusCode, HubError> {
    let id = body["objectId"].as_str().unwrap_or_default();
    let property = body["idProperty"].as_str();
    hubspot.state(|state| {
        if let Some(found) = state.locate("contacts", id, property) {
            archive_one(state, "contacts", found);
            state.objects.get_mut("contacts").and_then(|records| records.remove(&found));
        }
    });
    Ok(StatusCode::NO_CONTENT)
}
