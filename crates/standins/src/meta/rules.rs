//! What the Send API accepts: pure checks of one request body.

use serde_json::{Map, Value};

use super::GraphError;

const TEXT_CHARS: usize = 2000;
const INSTAGRAM_BYTES: usize = 1000;
const QUICK_REPLIES: usize = 13;
const METADATA_CHARS: usize = 1000;
const TYPES: [&str; 3] = ["RESPONSE", "UPDATE", "MESSAGE_TAG"];
const ACTIONS: [&str; 5] = ["typing_on", "typing_off", "mark_seen", "react", "unreact"];
const ATTACHMENTS: [&str; 7] = ["image", "audio", "video", "file", "template", "like_heart", "MEDIA_SHARE"];

/// What a send asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Wanted<'a> {
    /// A visible message.
    Message(&'a Map<String, Value>),
    /// A typing indicator, read mark or reaction.
    Action(&'a str),
}

/// The recipient's id.
pub(super) fn recipient(params: &Map<String, Value>) -> Result<&str, GraphError> {
    let recipient =
        params.get("recipient").ok_or_else(|| GraphError::parameter("The parameter recipient is required"))?;
    recipient
        .get("id")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty())
        .ok_or_else(|| GraphError::parameter("param recipient must be non-empty."))
}

/// Whether the message carries the tag that widens the window, or an error for types and tags that do not exist.
pub(super) fn human_agent(params: &Map<String, Value>) -> Result<bool, GraphError> {
    let kind = params.get("messaging_type").and_then(Value::as_str);
    if kind.is_some_and(|kind| !TYPES.contains(&kind)) {
        return Err(GraphError::parameter("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}"));
    }
    match (kind, params.get("tag").and_then(Value::as_str)) {
        (Some("MESSAGE_TAG"), None) => {
            Err(GraphError::parameter("Param tag is required for messaging_type MESSAGE_TAG"))
        }
        (_, None) => Ok(false),
        (_, Some("HUMAN_AGENT")) => Ok(true),
        (_, Some(_)) => Err(GraphError::parameter("Param tag must be one of {HUMAN_AGENT}")),
    }
}

/// What is wanted, once its form is right.
pub(super) fn wanted(params: &Map<String, Value>, instagram: bool) -> Result<Wanted<'_>, GraphError> {
    match (params.get("message"), params.get("sender_action").and_then(Value::as_str)) {
        (Some(_), Some(_)) => Err(GraphError::parameter("Only one of message and sender_action may be given")),
        (None, None) => Err(GraphError::parameter("Must provide message or sender_action")),
        (None, Some(action)) if ACTIONS.contains(&action) => Ok(Wanted::Action(action)),
        (None, Some(_)) => Err(GraphError::parameter(
            "Param sender_action must be one of {typing_on, typing_off, mark_seen, react, unreact}",
        )),
        (Some(Value::Object(message)), None) => {
            check_message(message, instagram)?;
            Ok(Wanted::Message(message))
        }
        (Some(_), None) => Err(GraphError::parameter("param message must be an object")),
    }
}

fn check_message(message: &Map<String, Value>, instagram: bool) -> Result<(), GraphError> {
    match (message.get("text"), message.get("attachment")) {
        (Some(_), Some(_)) => return Err(GraphError::parameter("Only one of text and attachment may be given")),
        (Some(text), None) => check_text(text, instagram)?,
        (None, Some(attachment)) => check_attachment(attachment)?,
        (None, None) if message.contains_key("sticker_id") => {}
        (None, None) => {
            return Err(GraphError::parameter("Message cannot be empty, must provide valid attachment or text"));
        }
    }
    if message.get("quick_replies").and_then(Value::as_array).is_some_and(|replies| replies.len() > QUICK_REPLIES) {
        return Err(GraphError::parameter("Too many quick replies"));
    }
    match message.get("metadata") {
        None => Ok(()),
        Some(Value::String(metadata)) if metadata.chars().count() <= METADATA_CHARS => Ok(()),
        Some(_) => Err(GraphError::parameter("Param message[metadata] must be a string of at most 1000 characters")),
    }
}

fn check_text(text: &Value, instagram: bool) -> Result<(), GraphError> {
    let Some(text) = text.as_str().filter(|text| !text.trim().is_empty()) else {
        return Err(GraphError::parameter("Message text cannot be empty"));
    };
    if instagram && text.len() > INSTAGRAM_BYTES {
        return Err(GraphError::parameter("Length of param message[text] must be less than or equal to 1000 bytes")
            .detail(2_534_025));
    }
    if text.chars().count() > TEXT_CHARS {
        return Err(GraphError::parameter("Length of param message[text] must be less than or equal to 2000"));
    }
    Ok(())
}

fn check_attachment(attachment: &Value) -> Result<(), GraphError> {
    let kind = attachment.get("type").and_then(Value::as_str).unwrap_or_default();
    if !ATTACHMENTS.contains(&kind) {
        return Err(GraphError::parameter("Invalid attachment type"));
    }
    let payload = attachment.get("payload");
    let has = |name: &str| payload.and_then(|payload| payload.get(name)).is_some_and(|value| !value.is_null());
    let complete = match kind {
        "like_heart" => true,
        "MEDIA_SHARE" => has("id"),
        "template" => has("template_type"),
        _ => has("url") || has("attachment_id"),
    };
    if complete { Ok(()) } else { Err(GraphError::parameter("Incomplete attachment payload")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn ok(message: &Value, instagram: bool) -> bool {
        wanted(&map(&json!({ "message": message })), instagram).is_ok()
    }

    #[test]
    fn text_limits_are_characters_on_messenger_and_bytes_on_instagram() {
        assert!(ok(&json!({ "text": "é".repeat(2000) }), false));
        assert!(!ok(&json!({ "text": "é".repeat(2001) }), false));
        assert!(ok(&json!({ "text": "é".repeat(500) }), true));
        assert!(!ok(&json!({ "text": "é".repeat(501) }), true));
    }

    #[test]
    fn a_message_has_exactly_one_content() {
        assert!(!ok(&json!({}), false));
        assert!(!ok(&json!({ "text": " " }), false));
        assert!(!ok(&json!({ "text": "a", "attachment": { "type": "image", "payload": { "url": "u" } } }), false));
        assert!(ok(&json!({ "attachment": { "type": "image", "payload": { "attachment_id": "1" } } }), false));
        assert!(!ok(&json!({ "attachment": { "type": "image", "payload": {} } }), false));
        assert!(!ok(&json!({ "attachment": { "type": "hologram", "payload": { "url": "u" } } }), false));
    }

    #[test]
    fn only_the_human_agent_tag_exists() {
        assert_eq!(human_agent(&map(&json!({ "messaging_type": "RESPONSE" }))), Ok(false));
        assert_eq!(human_agent(&map(&json!({ "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT" }))), Ok(true));
        for wrong in [
            json!({ "messaging_type": "MESSAGE_TAG" }),
            json!({ "messaging_type": "PROMOTION" }),
            json!({ "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE" }),
        ] {
            assert_eq!(human_agent(&map(&wrong)).unwrap_err().code, 100);
        }
    }
}
