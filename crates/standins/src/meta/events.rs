//! Messenger and Instagram webhook events: how each looks, and whether the account is subscribed to it.

use serde_json::{Value, json};

use super::Meta;
use crate::delivery::Parcel;
use crate::threads::Visible;

/// Sends one event of `field` for a conversation, if the account is subscribed to it.
pub(super) fn publish(meta: &Meta, account: &str, person: &str, field: &str, event: &Value, hold_ms: u64) {
    let found = meta.state(|state| {
        let known = state.accounts.get(account)?;
        let standby = state.standby.contains(&(account.to_owned(), person.to_owned()));
        Some((known.instagram, known.subscribed.contains(field), standby))
    });
    let Some((instagram, subscribed, standby)) = found else { return };
    if !subscribed {
        meta.shared.count("webhooks.not_subscribed");
        return;
    }
    let list = if standby { "standby" } else { "messaging" };
    meta.courier.send(Parcel {
        lane: format!("{account}/{person}"),
        group: if instagram { "instagram" } else { "page" }.to_owned(),
        part: json!({ "id": account, "time": meta.now_ms(), list: [event] }),
        hold_ms,
    });
}

/// The event of a person: sender, recipient, time and one more member.
pub(super) fn from_person(account: &str, person: &str, at_ms: i64, name: &str, body: &Value) -> Value {
    json!({ "sender": { "id": person }, "recipient": { "id": account }, "timestamp": at_ms, name: body })
}

/// What follows a message of the business: its echo, then the receipts the person's side produces.
pub(super) fn sent(meta: &Meta, message: &Visible, app_id: Option<u64>) {
    let (account, person) = (&message.account, &message.person);
    let instagram = message.platform == crate::threads::Platform::Instagram;
    let manners = meta.courier.manners();
    if manners.echoes {
        let mut body = json!({ "is_echo": true, "mid": message.id });
        if let Some(app_id) = app_id {
            body["app_id"] = json!(app_id);
        }
        if let Some(key) = &message.key {
            body["metadata"] = json!(key);
        }
        match &message.text {
            Some(text) => body["text"] = json!(text),
            None => body["attachments"] = json!([message.content.get("attachment")]),
        }
        let event = json!({
            "sender": { "id": account }, "recipient": { "id": person }, "timestamp": message.at_ms, "message": body,
        });
        let field = if instagram { "messages" } else { "message_echoes" };
        publish(meta, account, person, field, &event, manners.echo_delay_ms);
    }
    if manners.receipts && !instagram {
        // The platform's own example of a delivery carries no timestamp.
        let event = json!({
            "sender": { "id": person }, "recipient": { "id": account },
            "delivery": { "mids": [message.id], "watermark": message.at_ms + 1 },
        });
        publish(meta, account, person, "message_deliveries", &event, manners.receipt_delay_ms);
    }
    if manners.receipts && manners.reads {
        let (field, body) = if instagram {
            ("messaging_seen", json!({ "mid": message.id }))
        } else {
            ("message_reads", json!({ "watermark": message.at_ms + 1 }))
        };
        let event = from_person(account, person, message.at_ms + 2, "read", &body);
        publish(meta, account, person, field, &event, manners.receipt_delay_ms);
    }
}
