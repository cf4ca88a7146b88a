//! What a contact's message is, whatever the platform calls it: words, attachments, a pressed button.

use chrono::{DateTime, Utc};
use connectors::channel::{AttachmentKind, Item, Kind, StoryKind};
use serde_json::Value;

use super::write::clean;

/// A message of a contact, ready to be stored and read.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub mid: Option<String>,
    pub kind: &'static str,
    pub body: String,
    pub attachments: Value,
    pub reply_to: Option<String>,
    pub at: DateTime<Utc>,
    /// Whether there are words to answer.
    pub readable: bool,
    /// Another application owns the thread.
    pub standby: bool,
}

impl Incoming {
    /// Words that a visitor of our own site wrote in its chat.
    pub(crate) fn of_visitor(mid: String, text: &str, at: DateTime<Utc>) -> Self {
        Self {
            mid: Some(mid),
            kind: "text",
            body: clean(text),
            attachments: Value::Array(Vec::new()),
            reply_to: None,
            at,
            readable: true,
            standby: false,
        }
    }

    /// Reads an event as a message of the contact; `None` when it is something else.
    pub(super) fn of(item: &Item) -> Option<Self> {
        let base = Self {
            mid: None,
            kind: "text",
            body: String::new(),
            attachments: Value::Array(Vec::new()),
            reply_to: None,
            at: item.at,
            readable: false,
            standby: item.standby,
        };
        let incoming =
            match &item.kind {
                Kind::Message(message) => Self {
                    mid: some(&message.mid),
                    kind: if message.attachments.is_empty() { "text" } else { "attachment" },
                    body: clean(&message.text.clone().unwrap_or_else(|| {
                        message.story.as_ref().map_or(String::new(), |story| story_text(story.kind))
                    })),
                    attachments: clean_json(serde_json::to_value(&message.attachments).unwrap_or_default()),
                    reply_to: message.reply_to.clone(),
                    readable: message.text.as_deref().is_some_and(|text| !text.trim().is_empty()) || only_place(item),
                    ..base
                },
                Kind::Postback(postback) => Self {
                    mid: postback.mid.clone(),
                    kind: "postback",
                    body: clean(postback.title.as_deref().or(postback.payload.as_deref()).unwrap_or_default()),
                    readable: postback.title.is_some(),
                    ..base
                },
                Kind::Unsupported { mid: Some(mid), why } => {
                    Self { mid: some(mid), kind: "unsupported", body: clean(why), ..base }
                }
                _ => return None,
            };
        Some(incoming)
    }
}

fn some(mid: &str) -> Option<String> {
    (!mid.is_empty()).then(|| mid.to_owned())
}

fn story_text(kind: StoryKind) -> String {
    match kind {
        StoryKind::Reply => "Replied to your story".to_owned(),
        StoryKind::Mention => "Mentioned you in their story".to_owned(),
    }
}

/// A shared place is something a person must look at, like a photo: it has no words.
fn only_place(item: &Item) -> bool {
    let Kind::Message(message) = &item.kind else { return false };
    message.text.is_some() && message.attachments.iter().all(|attachment| attachment.kind == AttachmentKind::Location)
}

/// Removes NUL characters from every text of a JSON value: PostgreSQL's `jsonb` refuses them.
pub(super) fn clean_json(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(clean(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(clean_json).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (clean(&key), clean_json(value))).collect())
        }
        other => other,
    }
}
