//! What a WhatsApp send accepts: pure checks of one request body.

use serde_json::{Map, Value};

use crate::meta::GraphError;

const BODY_CHARS: usize = 4096;
const BUTTONS: usize = 3;
const ROWS: usize = 10;
const CALLBACK_CHARS: usize = 512;

/// The recipient, as digits or as a business-scoped user id.
pub(super) fn recipient(params: &Map<String, Value>) -> Result<String, GraphError> {
    let to = params.get("to").and_then(Value::as_str).unwrap_or_default();
    if to.is_empty() {
        return Err(GraphError::parameter("The parameter to is required."));
    }
    if to.chars().any(char::is_alphabetic) {
        return Ok(to.to_owned());
    }
    let digits: String = to.chars().filter(char::is_ascii_digit).collect();
    if (5..=15).contains(&digits.len()) { Ok(digits) } else { Err(GraphError::whatsapp(131_009)) }
}

/// Checks everything but the window; gives the type and the text a reader sees.
pub(super) fn content(params: &Map<String, Value>) -> Result<(&str, Option<String>), GraphError> {
    if params.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    if let Some(data) = params.get("biz_opaque_callback_data")
        && data.as_str().is_none_or(|data| data.chars().count() > CALLBACK_CHARS)
    {
        return Err(GraphError::whatsapp(131_009));
    }
    let kind = params.get("type").and_then(Value::as_str).unwrap_or("text");
    let body = params.get(kind).and_then(Value::as_object).map_or_else(|| missing(kind, params), Ok)?;
    let text = match kind {
        "text" => Some(bounded(body.get("body"), BODY_CHARS)?),
        "image" | "video" | "audio" | "document" | "sticker" => {
            if !body.contains_key("id") && !body.contains_key("link") {
                return Err(GraphError::whatsapp(131_009));
            }
            body.get("caption").and_then(Value::as_str).map(str::to_owned)
        }
        "location" => has(body, &["latitude", "longitude"])?,
        "reaction" => has(body, &["message_id", "emoji"])?,
        "interactive" => Some(interactive(body)?),
        "template" => {
            has(body, &["name", "language"])?;
            None
        }
        "contacts" => None,
        _ => return Err(GraphError::whatsapp(131_051)),
    };
    Ok((kind, text))
}

fn missing<'a>(kind: &str, params: &'a Map<String, Value>) -> Result<&'a Map<String, Value>, GraphError> {
    // A list of contact cards is the one body that is not an object.
    if kind == "contacts" && params.get(kind).is_some_and(Value::is_array) {
        Ok(params)
    } else {
        Err(GraphError::whatsapp(131_008))
    }
}

fn has(body: &Map<String, Value>, names: &[&str]) -> Result<Option<String>, GraphError> {
    if names.iter().all(|name| body.contains_key(*name)) { Ok(None) } else { Err(GraphError::whatsapp(131_008)) }
}

fn bounded(value: Option<&Value>, most: usize) -> Result<String, GraphError> {
    let Some(text) = value.and_then(Value::as_str) else { return Err(GraphError::whatsapp(131_008)) };
    if text.is_empty() {
        return Err(GraphError::parameter("Param text['body'] cannot be an empty string."));
    }
    if text.chars().count() > most {
        return Err(GraphError::parameter("Param text['body'] must be at most 4096 characters long."));
    }
    Ok(text.to_owned())
}

fn interactive(body: &Map<String, Value>) -> Result<String, GraphError> {
    let text = body.get("body").and_then(|body| body.get("text")).and_then(Value::as_str).unwrap_or_default();
    let action = body.get("action").ok_or_else(|| GraphError::whatsapp(131_008))?;
    let count = |value: Option<&Value>| value.and_then(Value::as_array).map_or(0, Vec::len);
    let fits = match body.get("type").and_then(Value::as_str).unwrap_or_default() {
        "button" => (1..=BUTTONS).contains(&count(action.get("buttons"))),
        "list" => {
            let sections = action.get("sections").and_then(Value::as_array);
            let rows: usize = sections.into_iter().flatten().map(|section| count(section.get("rows"))).sum();
            (1..=ROWS).contains(&rows)
        }
        "cta_url" | "product" | "product_list" | "flow" | "catalog_message" | "order_details" => true,
        _ => false,
    };
    if fits { Ok(text.to_owned()) } else { Err(GraphError::whatsapp(131_009)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(mut body: Value) -> i64 {
        body["messaging_product"] = json!("whatsapp");
        content(body.as_object().unwrap()).map_or_else(|error| error.code, |_| 0)
    }

    #[test]
    fn recipients_are_digits_or_scoped_ids() {
        let to = |text: &str| recipient(json!({ "to": text }).as_object().unwrap()).ok();
        assert_eq!(to("+1 (650) 555-0123").as_deref(), Some("16505550123"));
        assert_eq!(to("US.123456").as_deref(), Some("US.123456"));
        assert_eq!(to("12"), None);
    }

    #[test]
    fn each_type_needs_its_body() {
        assert_eq!(code(json!({ "type": "text", "text": { "body": "a" } })), 0);
        assert_eq!(code(json!({ "type": "text" })), 131_008);
        assert_eq!(code(json!({ "type": "text", "text": { "body": "a".repeat(4097) } })), 100);
        assert_eq!(code(json!({ "type": "image", "image": {} })), 131_009);
        assert_eq!(code(json!({ "type": "image", "image": { "id": "1" } })), 0);
        assert_eq!(code(json!({ "type": "hologram", "hologram": {} })), 131_051);
        assert_eq!(code(json!({ "type": "contacts", "contacts": [{}] })), 0);
    }

    #[test]
    fn buttons_and_rows_are_few() {
        let buttons = |n: usize| {
            code(
                json!({ "type": "interactive", "interactive": { "type": "button", "body": { "text": "x" }, "action": { "buttons": vec![json!({}); n] } } }),
            )
        };
        assert_eq!((buttons(3), buttons(4)), (0, 131_009));
    }
}
