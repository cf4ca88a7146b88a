//! The changes of a WhatsApp business account: messages, statuses, echoes of the phone app, templates, faults.

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::contact::Contacts;
use super::message;
use crate::channel::{Batches, Echo, Identity, Item, Kind, Message, Status, StatusError, StatusState};
use crate::meta::webhook::unknown;
use crate::wire::{self, compose, each, id, instant, key, or_null, quoted, text};

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow)]
    field: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// The lists of a change's value that are taken apart; everything else in it is read where it is needed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Lists<'a> {
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    contacts: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    messages: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    message_echoes: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    statuses: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    errors: Option<Vec<&'a RawValue>>,
}

/// What all items of one change share.
struct Frame<'a> {
    account: &'a str,
    entry_id: &'a str,
    field: &'a str,
    metadata: &'a str,
    contacts: &'a Contacts<'a>,
    received_at: DateTime<Utc>,
}

/// Takes one entry's changes apart.
pub(crate) fn entry(entry_id: Option<&RawValue>, changes: &[&RawValue], received_at: DateTime<Utc>, out: &mut Batches) {
    let business = entry_id.and_then(|raw| wire::read(raw.get())).as_ref().and_then(id).unwrap_or_default();
    for &raw in changes {
        let whole = |raw: &RawValue| {
            let entry_id = or_null(entry_id);
            format!(r#"{{"object":"whatsapp_business_account","entry":[{{"id":{entry_id},"changes":[{raw}]}}]}}"#)
        };
        let Ok(change) = serde_json::from_str::<Change<'_>>(raw.get()) else {
            out.push(ChannelKind::Whatsapp, &business, unknown("change", raw, received_at, whole(raw)));
            continue;
        };
        let field = change.field.and_then(|raw| wire::read(raw.get())).as_ref().and_then(text);
        let field = field.unwrap_or_else(|| "change".to_owned());
        let lists: Lists<'_> = change.value.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let metadata = lists.metadata.and_then(|raw| wire::read(raw.get())).unwrap_or_default();
        let account = id(&metadata["phone_number_id"]).unwrap_or_else(|| business.clone());
        let contacts = Contacts::new(lists.contacts.as_deref().unwrap_or_default());
        let frame = Frame {
            account: &account,
            entry_id: or_null(entry_id),
            field: &field,
            metadata: or_null(lists.metadata),
            contacts: &contacts,
            received_at,
        };
        if !frame.items(&lists, out) {
            let value = change.value.and_then(|raw| wire::read(raw.get())).unwrap_or_default();
            let mut item = unknown(&field, raw, received_at, whole(raw));
            if field == "message_template_status_update" {
                item.event_key = key("template", &[&wire::fingerprint(raw.get())]);
                item.kind = template_status(&value);
            }
            out.push(ChannelKind::Whatsapp, &account, item);
        }
    }
}

impl Frame<'_> {
    /// Adds an item for every element of the known lists; false when there was none.
    fn items(&self, lists: &Lists<'_>, out: &mut Batches) -> bool {
        let mut any = false;
        let known: [(&str, &Elements<'_>, Read<Self>); 4] = [
            ("messages", &lists.messages, Self::message),
            ("message_echoes", &lists.message_echoes, Self::echo),
            ("statuses", &lists.statuses, Self::status),
            ("errors", &lists.errors, Self::fault),
        ];
        for (list, elements, read) in known {
            for &raw in elements.iter().flatten() {
                any = true;
                let item = match wire::read(raw.get()) {
                    Some(value) => self.item(list, raw, &value, read(self, &value, raw.get())),
                    None => unknown(list, raw, self.received_at, self.body(list, raw, None)),
                };
                out.push(ChannelKind::Whatsapp, self.account, item);
            }
        }
        any
    }

    fn item(&self, list: &str, raw: &RawValue, value: &Value, draft: Draft) -> Item {
        Item {
            event_key: draft.event_key,
            sender_key: draft.contact.as_ref().map(|contact| contact.id.clone()).unwrap_or_default(),
            at: instant(&value["timestamp"]).unwrap_or(self.received_at),
            raw: compose(self.body(list, raw, draft.contact_source)),
            contact: draft.contact,
            standby: false,
            kind: draft.kind,
        }
    }

    /// A body with just this element, and of the contacts only the one it is about.
    fn body(&self, list: &str, element: &RawValue, contact: Option<String>) -> String {
        let Self { entry_id, metadata, .. } = self;
        let field = quoted(self.field);
        let contacts = contact.unwrap_or_default();
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":{entry_id},"changes":[{{"field":{field},"value":{{"messaging_product":"whatsapp","metadata":{metadata},"contacts":[{contacts}],"{list}":[{element}]}}}}]}}]}}"#
        )
    }

    fn message(&self, value: &Value, source: &str) -> Draft {
        let (contact, contact_source) = self.contacts.sender(&value["from"], &value["from_user_id"]);
        let mid = id(&value["id"]).unwrap_or_else(|| wire::fingerprint(source));
        let (kind, event_key) = message::kind(value, mid);
        Draft { kind, event_key, contact, contact_source }
    }

    /// A message that a person of ours sent in the phone app.
    fn echo(&self, value: &Value, source: &str) -> Draft {
        let (contact, contact_source) = self.contacts.sender(&value["to"], &value["to_user_id"]);
        let mid = id(&value["id"]).unwrap_or_else(|| wire::fingerprint(source));
        let event_key = key("echo", &[&mid]);
        let kind = match message::kind(value, mid.clone()).0 {
            Kind::Message(message) => {
                let Message { mid, text, attachments, .. } = *message;
                Kind::Echo(Echo { mid, text, attachments, ..Echo::default() })
            }
            _ => Kind::Echo(Echo { mid, ..Echo::default() }),
        };
        Draft { kind, event_key, contact, contact_source }
    }

    fn status(&self, value: &Value, source: &str) -> Draft {
        let (contact, contact_source) = self.contacts.sender(&value["recipient_id"], &value["recipient_user_id"]);
        let Some(mid) = id(&value["id"]) else {
            let kind = Kind::Unknown { field: "statuses".to_owned() };
            return Draft { kind, event_key: key("unknown", &[&wire::fingerprint(source)]), contact, contact_source };
        };
        let word = value["status"].as_str().unwrap_or_default();
        let state = match word {
            "sent" => StatusState::Sent,
            "delivered" => StatusState::Delivered,
            "read" | "played" => StatusState::Read,
            "failed" => StatusState::Failed,
            other => StatusState::Other(other.chars().take(32).collect()),
        };
        let event_key = key("status", &[&mid, word]);
        let error = each(&value["errors"]).next().map(fault);
        let callback_data = text(&value["biz_opaque_callback_data"]);
        let billable = value["pricing"]["billable"].as_bool();
        let kind = Kind::Status(Box::new(Status { mid, state, error, callback_data, billable }));
        Draft { kind, event_key, contact, contact_source }
    }

    fn fault(&self, value: &Value, source: &str) -> Draft {
        // Faults carry no id and no time: the same one told twice is one.
        let event_key = key("fault", &[self.account, &wire::fingerprint(source)]);
        Draft { kind: Kind::AccountError(fault(value)), event_key, contact: None, contact_source: None }
    }
}

type Elements<'a> = Option<Vec<&'a RawValue>>;
type Read<F> = fn(&F, &Value, &str) -> Draft;

/// What was read of an element, before it has its place.
struct Draft {
    kind: Kind,
    event_key: String,
    contact: Option<Identity>,
    contact_source: Option<String>,
}

/// An error as WhatsApp writes it in statuses and values.
pub(super) fn fault(value: &Value) -> StatusError {
    StatusError {
        code: value["code"].as_i64(),
        title: text(&value["title"]).or_else(|| text(&value["message"])),
        detail: text(&value["error_data"]["details"]),
    }
}

fn template_status(value: &Value) -> Kind {
    Kind::TemplateStatus {
        id: id(&value["message_template_id"]),
        name: text(&value["message_template_name"]),
        language: text(&value["message_template_language"]),
        event: text(&value["event"]),
        reason: text(&value["reason"]),
    }
}
