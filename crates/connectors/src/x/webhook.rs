//! Webhook bodies of X. Both APIs name direct-message events alike, so a message that comes over both is one event.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use serde_json::value::RawValue;

use super::direct_message::{self, Draft};
use crate::channel::{Batches, Item, Kind, Malformed, Raw, Received};
use crate::wire::{self, compose, id, key, or_null, quoted, text};

type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// Takes a verified body apart; `received_at` stands in for a time that X does not give.
pub fn parse(body: &[u8], received_at: DateTime<Utc>) -> Result<Vec<Received>, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed::NotJson)?;
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Malformed::NotAnEvent,
        _ => Malformed::NotJson,
    })?;
    let mut out = Batches::default();
    if let Some(data) = fields.get("data") {
        activity(data, received_at, &mut out)?;
    } else {
        account_activity(&fields, text, received_at, &mut out)?;
    }
    Ok(out.done())
}

/// One event of the X Activity API.
fn activity(data: &RawValue, received_at: DateTime<Utc>, out: &mut Batches) -> Result<(), Malformed> {
    let data: Fields<'_> = serde_json::from_str(data.get()).map_err(|_| Malformed::NotAnEvent)?;
    let part = |name: &str| data.get(name).and_then(|raw| wire::read(raw.get())).unwrap_or_default();
    let event_type = text(&part("event_type")).ok_or(Malformed::NotAnEvent)?;
    let account = id(&part("filter")["user_id"]).unwrap_or_default();
    let body = |payload: &str| {
        let piece = |name: &str| or_null(data.get(name).copied());
        let (uuid, filter, tag) = (piece("event_uuid"), piece("filter"), piece("tag"));
        let event_type = quoted(&event_type);
        format!(
            r#"{{"data":{{"event_uuid":{uuid},"filter":{filter},"event_type":{event_type},"tag":{tag},"payload":{payload}}}}}"#
        )
    };
    let payload: Fields<'_> =
        data.get("payload").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    if event_type.starts_with("dm.") && conversations(&payload, &account, received_at, out, &body) {
        return Ok(());
    }
    let uuid = id(&part("event_uuid"));
    let uuid = uuid.unwrap_or_else(|| wire::fingerprint(or_null(data.get("payload").copied())));
    let kind = match event_type.as_str() {
        "chat.received" => Kind::Unsupported { mid: Some(uuid.clone()), why: "an encrypted chat message".to_owned() },
        "oauth.revoke" => Kind::Revoked,
        _ => Kind::Unknown { field: event_type.chars().take(64).collect() },
    };
    let raw = compose(body(or_null(data.get("payload").copied())));
    let event_key = key("activity", &[&event_type, &uuid]);
    out.push(ChannelKind::X, &account, about_account(event_key, kind, received_at, raw));
    Ok(())
}

/// A body of the Account Activity API, which can hold several lists.
fn account_activity(
    fields: &Fields<'_>,
    source: &str,
    received_at: DateTime<Utc>,
    out: &mut Batches,
) -> Result<(), Malformed> {
    let part = |name: &str| fields.get(name).and_then(|raw| wire::read(raw.get())).unwrap_or_default();
    let revoke = &part("user_event")["revoke"];
    if revoke.is_object() {
        let account = id(&revoke["source"]["user_id"]).unwrap_or_default();
        let event_key = key("revoke", &[&wire::fingerprint(source)]);
        out.push(
            ChannelKind::X,
            &account,
            about_account(event_key, Kind::Revoked, received_at, compose(source.to_owned())),
        );
        return Ok(());
    }
    let account = id(&part("for_user_id")).ok_or(Malformed::NotAnEvent)?;
    let body = |payload: &str| match payload.strip_prefix('{') {
        Some(rest) => format!(r#"{{"for_user_id":{},{rest}"#, quoted(&account)),
        None => format!(r#"{{"for_user_id":{}}}"#, quoted(&account)),
    };
    conversations(fields, &account, received_at, out, &body);
    for (name, raw) in fields {
        if matches!(name.as_str(), "for_user_id" | "users" | "apps" | "user_has_blocked")
            || direct_message::LISTS.contains(&name.as_str())
        {
            continue;
        }
        let kind = Kind::Unknown { field: name.chars().take(64).collect() };
        let event_key = key("unknown", &[&wire::fingerprint(raw.get())]);
        let raw = compose(body(&format!("{{{}:{raw}}}", quoted(name))));
        out.push(ChannelKind::X, &account, about_account(event_key, kind, received_at, raw));
    }
    Ok(())
}

/// Adds an item for every direct-message event; false when there is none. `body` wraps a payload into a whole body.
fn conversations(
    fields: &Fields<'_>,
    account: &str,
    received_at: DateTime<Utc>,
    out: &mut Batches,
    body: &dyn Fn(&str) -> String,
) -> bool {
    let map = |name: &str| -> Fields<'_> {
        fields.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    };
    let users = map("users");
    let mut any = false;
    for list in direct_message::LISTS {
        let events: Vec<&RawValue> =
            fields.get(list).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        for raw in events {
            any = true;
            let event = wire::read(raw.get()).unwrap_or_default();
            let person = |id: &str| users.get(id).and_then(|raw| wire::read(raw.get()));
            let Draft { kind, event_key, contact, at } = direct_message::read(list, &event, raw.get(), account, person);
            let known = contact.as_ref().and_then(|contact| users.get_key_value(&contact.id));
            let people = known.map_or_else(String::new, |(id, raw)| format!("{}:{raw}", quoted(id)));
            let item = Item {
                event_key,
                sender_key: contact.as_ref().map(|contact| contact.id.clone()).unwrap_or_default(),
                at: at.unwrap_or(received_at),
                contact,
                standby: false,
                kind,
                raw: compose(body(&format!(r#"{{"{list}":[{raw}],"users":{{{people}}}}}"#))),
            };
            out.push(ChannelKind::X, account, item);
        }
    }
    any
}

fn about_account(event_key: String, kind: Kind, at: DateTime<Utc>, raw: Raw) -> Item {
    Item { event_key, sender_key: String::new(), at, contact: None, standby: false, kind, raw }
}
