//! `GET /{id}` for any object: a page, an Instagram account, a person, a number, media.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::{Call, GraphError, Holder, Meta, whatsapp};

pub(super) async fn show(State(meta): State<Arc<Meta>>, call: Call) -> Result<Response, GraphError> {
    if let Some(media) = whatsapp::media::describe(&meta, &call)? {
        return Ok(Json(media).into_response());
    }
    let whole = account(&meta, &call).or_else(|| number(&meta, &call)).or_else(|| person(&meta, &call));
    match whole {
        Some(whole) => Ok(Json(picked(whole, &call.fields())).into_response()),
        None => Err(GraphError::no_object(&call.id)),
    }
}

/// Only the fields that were asked for, and the id; everything when none were named.
fn picked(whole: Map<String, Value>, fields: &[&str]) -> Value {
    if fields.is_empty() {
        return Value::Object(whole);
    }
    Value::Object(
        whole
            .into_iter()
            .filter(|(name, _)| name == "id" || fields.iter().any(|field| field.starts_with(name.as_str())))
            .collect(),
    )
}

fn object(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(map) = value { Some(map) } else { None }
}

fn account(meta: &Meta, call: &Call) -> Option<Map<String, Value>> {
    meta.state(|state| {
        if call.holder == Holder::User(call.id.clone()) {
            return object(json!({ "id": call.id, "name": "Robin Example" }));
        }
        let account = state.accounts.get(&call.id)?;
        if account.instagram {
            return object(json!({
                "id": call.id, "user_id": call.id, "username": account.name, "name": account.name, "account_type": "BUSINESS",
            }));
        }
        let mut page = object(json!({ "id": call.id, "name": account.name, "category": "Dentist" }))?;
        if matches!(call.holder, Holder::User(_) | Holder::Page(_)) {
            page.insert("access_token".into(), json!(account.token));
        }
        if let Some(linked) = &account.linked {
            page.insert("instagram_business_account".into(), json!({ "id": linked }));
        }
        Some(page)
    })
}

fn number(meta: &Meta, call: &Call) -> Option<Map<String, Value>> {
    meta.state(|state| {
        if let Some(number) = state.numbers.get(&call.id) {
            return object(whatsapp::account::number_json(&call.id, number));
        }
        let waba = state.wabas.get(&call.id)?;
        object(json!({ "id": call.id, "name": "Northwind", "message_template_namespace": "ns", "templates": waba.templates.len() }))
    })
}

/// A person's profile, to the account they wrote to.
fn person(meta: &Meta, call: &Call) -> Option<Map<String, Value>> {
    let (Holder::Page(account) | Holder::Instagram(account)) = &call.holder else { return None };
    meta.state(|state| {
        let linked = state.accounts.get(account).and_then(|known| known.linked.clone());
        let (person, instagram) = match state.person(account, &call.id) {
            Some(person) => (person, state.accounts.get(account).is_some_and(|known| known.instagram)),
            None => (state.person(&linked?, &call.id)?, true),
        };
        let name = person.name.clone().unwrap_or_default();
        if instagram {
            let username = person.username.clone().unwrap_or_else(|| format!("user{}", &call.id));
            return object(json!({ "id": call.id, "name": name, "username": username }));
        }
        let (first, last) = name.split_once(' ').unwrap_or((name.as_str(), ""));
        object(json!({ "id": call.id, "first_name": first, "last_name": last, "name": name }))
    })
}

/// `DELETE /{id}`: media.
pub(super) async fn remove(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    if !matches!(call.holder, Holder::Business(_)) || meta.state(|state| state.media.remove(&call.id)).is_none() {
        return Err(GraphError::no_object(&call.id));
    }
    Ok(Json(json!({ "success": true })))
}
