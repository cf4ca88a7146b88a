//! One direct-message event of X in our words.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::channel::{Attachment, AttachmentKind, Echo, Identity, Kind, Message};
use crate::wire::{each, fingerprint, id, instant, key, name, text};

/// The lists of a payload that hold direct-message events.
pub(super) const LISTS: [&str; 3] =
    ["direct_message_events", "direct_message_indicate_typing_events", "direct_message_mark_read_events"];

/// What was read of an event.
pub(super) struct Draft {
    pub kind: Kind,
    pub event_key: String,
    pub contact: Option<Identity>,
    pub at: Option<DateTime<Utc>>,
}

/// Reads one event of `list`; `person` finds a user in the payload.
pub(super) fn read(
    list: &str,
    event: &Value,
    source: &str,
    account: &str,
    person: impl Fn(&str) -> Option<Value>,
) -> Draft {
    let created = &event["message_create"];
    let sender = id(&created["sender_id"]).or_else(|| id(&event["sender_id"]));
    let recipient = id(&created["target"]["recipient_id"]).or_else(|| id(&event["target"]["recipient_id"]));
    let from_us = sender.as_deref() == Some(account);
    let them = if from_us { recipient } else { sender };
    let (kind, event_key) = match list {
        "direct_message_indicate_typing_events" => (Kind::Typing, key("typing", &[&fingerprint(source)])),
        "direct_message_mark_read_events" => {
            let mid = id(&event["last_read_event_id"]);
            let mark = mid.clone().unwrap_or_else(|| fingerprint(source));
            (Kind::Read { mid, watermark: None }, key("read", &[them.as_deref().unwrap_or_default(), &mark]))
        }
        _ => message(event, source, from_us),
    };
    let at = instant(&event["created_timestamp"]);
    Draft { kind, event_key, contact: them.map(|id| identity(id, person)), at }
}

fn message(event: &Value, source: &str, from_us: bool) -> (Kind, String) {
    let mid = id(&event["id"]).unwrap_or_else(|| fingerprint(source));
    let created = &event["message_create"];
    if !created.is_object() {
        let field = text(&event["type"]).unwrap_or_else(|| "direct_message_events".to_owned());
        return (Kind::Unknown { field: field.chars().take(64).collect() }, key("unknown", &[&mid]));
    }
    let data = &created["message_data"];
    let attachments: Vec<Attachment> = data.get("attachment").map(attachment).into_iter().collect();
    let words = text(&data["text"]).map(|words| with_whole_links(words, data));
    if from_us {
        let event_key = key("echo", &[&mid]);
        // X says which application wrote a message, but by an id that is not our client id: `ours` is never certain.
        let app_id = id(&created["source_app_id"]);
        return (Kind::Echo(Echo { mid, text: words, attachments, app_id, ..Echo::default() }), event_key);
    }
    let event_key = key("msg", &[&mid]);
    let quick_reply = text(&data["quick_reply_response"]["metadata"]);
    (Kind::Message(Box::new(Message { mid, text: words, attachments, quick_reply, ..Message::default() })), event_key)
}

/// The text with X's short links replaced by what the contact wrote; the short link of an attachment is dropped.
fn with_whole_links(words: String, data: &Value) -> String {
    let attached = data["attachment"]["media"]["url"].as_str();
    let mut words = words;
    for link in each(&data["entities"]["urls"]).take(50) {
        if let (Some(short), Some(whole)) = (link["url"].as_str(), link["expanded_url"].as_str())
            && !short.is_empty()
        {
            words = words.replace(short, if attached == Some(short) { "" } else { whole });
        }
    }
    words.trim().to_owned()
}

fn attachment(value: &Value) -> Attachment {
    let media = &value["media"];
    let kind = match media["type"].as_str().unwrap_or_default() {
        "photo" | "animated_gif" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        _ => AttachmentKind::Other,
    };
    let url = text(&media["media_url_https"]).or_else(|| text(&media["media_url"]));
    Attachment { kind, url, media_id: id(&media["id"]), ..Attachment::default() }
}

/// The Activity API wraps users in `data`; the older one has their handle as `screen_name`.
fn identity(id: String, person: impl Fn(&str) -> Option<Value>) -> Identity {
    let user = person(&id).unwrap_or_default();
    let user = if user["data"].is_object() { &user["data"] } else { &user };
    let username = name(&user["username"]).or_else(|| name(&user["screen_name"]));
    Identity { name: name(&user["name"]), username, id, ..Identity::default() }
}
