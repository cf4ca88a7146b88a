//! Message templates: listed, created, and checked when one is sent.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::meta::{Call, GraphError, Meta};

/// `GET /{waba}/message_templates`.
pub(crate) async fn list(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    let templates = meta.state(|state| state.wabas.get(&call.id).map(|waba| waba.templates.clone()));
    let templates = templates.ok_or_else(|| GraphError::no_object(&call.id))?;
    Ok(Json(json!({ "data": templates, "paging": { "cursors": { "before": "MAZDZD", "after": "MjQZD" } } })))
}

/// `POST /{waba}/message_templates`: approved at once.
pub(crate) async fn create(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    let (Some(name), Some(language), Some(category)) =
        (call.text("name"), call.text("language"), call.text("category"))
    else {
        return Err(GraphError::parameter("name, language and category are required"));
    };
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return Err(GraphError::parameter("Invalid parameter: name").detail(2_388_024));
    }
    let id = meta.shared_dice().digits(15);
    let template = json!({
        "id": id, "name": name, "language": language, "category": category, "status": "APPROVED",
        "components": call.params.get("components").cloned().unwrap_or_else(|| json!([])),
    });
    meta.state(|state| match state.wabas.get_mut(&call.id) {
        Some(waba) => {
            waba.templates.push(template);
            Ok(())
        }
        None => Err(GraphError::no_object(&call.id)),
    })?;
    Ok(Json(json!({ "id": id, "status": "APPROVED", "category": category })))
}

/// Checks that the template exists in the language and gets as many parameters as it has places.
pub(super) fn check(meta: &Meta, number: &str, sent: &Value) -> Result<(), GraphError> {
    let template = meta.state(|state| {
        let waba = state.wabas.get(&state.numbers.get(number)?.waba)?;
        waba.templates.iter().find(|t| t["name"] == sent["name"] && t["language"] == sent["language"]["code"]).cloned()
    });
    let Some(template) = template else { return Err(GraphError::whatsapp(132_001)) };
    if places(&template) != given(sent) {
        return Err(GraphError::whatsapp(132_000));
    }
    Ok(())
}

/// How many places the body has: `{{1}}` or `{{name}}`.
fn places(template: &Value) -> usize {
    let components = template["components"].as_array();
    let body =
        components.into_iter().flatten().find(|c| c["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("body")));
    body.and_then(|body| body["text"].as_str()).map_or(0, |text| text.matches("{{").count())
}

fn given(sent: &Value) -> usize {
    let components = sent["components"].as_array();
    let body =
        components.into_iter().flatten().find(|c| c["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("body")));
    body.and_then(|body| body["parameters"].as_array()).map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_the_body() {
        let template = json!({ "components": [{ "type": "HEADER", "text": "{{1}}" }, { "type": "BODY", "text": "Hi {{1}}, see you {{2}}" }] });
        assert_eq!(places(&template), 2);
        assert_eq!(given(&json!({ "components": [{ "type": "body", "parameters": [{}, {}] }] })), 2);
        assert_eq!(given(&json!({})), 0);
    }
}
