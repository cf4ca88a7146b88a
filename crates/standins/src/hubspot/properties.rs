//! Properties: read before they are used, made when they are missing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{HubError, HubSpot, values};

/// `GET /crm/v3/properties/{object}`.
pub(super) async fn list(
    State(hubspot): State<Arc<HubSpot>>,
    Path(object): Path<String>,
) -> Result<Json<Value>, HubError> {
    let object = values::object(&object)?;
    let all: Vec<Value> = hubspot
        .state(|state| state.properties.get(object).into_iter().flatten().map(|(_, held)| held.clone()).collect());
    Ok(Json(json!({ "results": all })))
}

/// `GET /crm/v3/properties/{object}/{name}`.
pub(super) async fn show(
    State(hubspot): State<Arc<HubSpot>>,
    Path((object, name)): Path<(String, String)>,
) -> Result<Json<Value>, HubError> {
    let object = values::object(&object)?;
    let found = hubspot.state(|state| state.properties.get(object).and_then(|held| held.get(&name)).cloned());
    found.map(Json).ok_or_else(|| HubError::missing(&name))
}

/// `POST /crm/v3/properties/{object}`.
pub(super) async fn create(
    State(hubspot): State<Arc<HubSpot>>,
    Path(object): Path<String>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), HubError> {
    let object = values::object(&object)?;
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let missing: Vec<&str> =
        ["name", "label", "type", "fieldType", "groupName"].into_iter().filter(|name| text(name).is_empty()).collect();
    if !missing.is_empty() {
        return Err(HubError::validation(&format!(
            "Invalid input JSON on line 1, column 1: Some required fields were not set: {missing:?}"
        )));
    }
    let fits = text("name").starts_with(|c: char| c.is_ascii_lowercase())
        && text("name").bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !fits {
        return Err(HubError::validation(&format!(
            "Property name \"{}\" is not valid: lower-case letters, digits and underscores only",
            text("name")
        )));
    }
    if !["string", "number", "bool", "enumeration", "date", "datetime"].contains(&text("type")) {
        return Err(HubError::validation(&format!("Invalid property type {}", text("type"))));
    }
    let mut property = values::property(text("name"), text("label"), text("type"), text("fieldType"));
    for name in ["options", "hasUniqueValue", "description", "groupName"] {
        if !body[name].is_null() {
            property[name] = body[name].clone();
        }
    }
    hubspot.state(|state| {
        let known_group = text("groupName") == "contactinformation"
            || text("groupName") == "dealinformation"
            || state.groups.get(object).into_iter().flatten().any(|group| group["name"] == text("groupName"));
        if !known_group {
            return Err(HubError::validation(&format!("Property group \"{}\" does not exist", text("groupName"))));
        }
        let held = state.properties.entry(object.to_owned()).or_default();
        if held.contains_key(text("name")) {
            let message = format!("A property named '{}' already exists.", text("name"));
            return Err(HubError { status: 409, category: "OBJECT_ALREADY_EXISTS", ..HubError::validation(&message) });
        }
        held.insert(text("name").to_owned(), property.clone());
        Ok(())
    })?;
    Ok((StatusCode::CREATED, Json(property)))
}

/// `DELETE /crm/v3/properties/{object}/{name}`.
pub(super) async fn archive(
    State(hubspot): State<Arc<HubSpot>>,
    Path((object, name)): Path<(String, String)>,
) -> Result<StatusCode, HubError> {
    let object = values::object(&object)?;
    hubspot.state(|state| state.properties.get_mut(object).and_then(|held| held.remove(&name)));
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /crm/v3/properties/{object}/groups`.
pub(super) async fn groups(
    State(hubspot): State<Arc<HubSpot>>,
    Path(object): Path<String>,
) -> Result<Json<Value>, HubError> {
    let object = values::object(&object)?;
    Ok(Json(json!({ "results": hubspot.state(|state| state.groups.get(object).cloned().unwrap_or_default()) })))
}

/// `POST /crm/v3/properties/{object}/groups`.
pub(super) async fn create_group(
    State(hubspot): State<Arc<HubSpot>>,
    Path(object): Path<String>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), HubError> {
    let object = values::object(&object)?;
    let (Some(name), Some(label)) = (body["name"].as_str(), body["label"].as_str()) else {
        return Err(HubError::validation("name and label are required"));
    };
    let group = json!({ "name": name, "label": label, "displayOrder": -1, "archived": false });
    hubspot.state(|state| {
        let groups = state.groups.entry(object.to_owned()).or_default();
        if groups.iter().any(|held| held["name"] == name) {
            let message = format!("A property group named '{name}' already exists.");
            return Err(HubError { status: 409, category: "OBJECT_ALREADY_EXISTS", ..HubError::validation(&message) });
        }
        groups.push(group.clone());
        Ok(())
    })?;
    Ok((StatusCode::CREATED, Json(group)))
}
