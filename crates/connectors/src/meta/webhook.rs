//! Webhook bodies of Meta: one envelope for pages, Instagram accounts and WhatsApp business accounts.
//! The envelope is only split; each event is then read alone, so that an odd one costs no other.

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::messaging::{self, Origin};
use crate::channel::{Batches, Item, Kind, Malformed, Received};
use crate::whatsapp;
use crate::wire::{self, compose, or_null};

/// The envelope as it nearly always is: every entry reads.
#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    entry: Option<Vec<Entry<'a>>>,
}

/// The envelope of entries that must be read one by one.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    entry: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    messaging: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    standby: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    changes: Option<Vec<&'a RawValue>>,
}

/// Takes a verified body apart. `our_app` is our application's id, by which our own echoes are known; `received_at`
/// stands in for a time that the platform does not give.
pub fn parse(body: &[u8], our_app: &str, received_at: DateTime<Utc>) -> Result<Vec<Received>, Malformed> {
    let body = std::str::from_utf8(body).map_err(|_| Malformed::NotJson)?;
    let mut out = Batches::default();
    if let Ok(Whole { object: Some(object), entry: Some(entries) }) = serde_json::from_str(body) {
        let channel = channel_of(object)?;
        for entry in &entries {
            events(channel, object, entry, our_app, received_at, &mut out);
        }
        return Ok(out.done());
    }
    let body: Body<'_> = serde_json::from_str(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Malformed::NotAnEvent,
        _ => Malformed::NotJson,
    })?;
    let (Some(object), Some(entries)) = (body.object, body.entry) else { return Err(Malformed::NotAnEvent) };
    let channel = channel_of(object)?;
    for raw in entries {
        let Ok(entry) = serde_json::from_str::<Entry<'_>>(raw.get()) else {
            let item = unknown("entry", raw, received_at, format!(r#"{{"object":{object},"entry":[{raw}]}}"#));
            out.push(channel, "", item);
            continue;
        };
        events(channel, object, &entry, our_app, received_at, &mut out);
    }
    Ok(out.done())
}

fn channel_of(object: &RawValue) -> Result<ChannelKind, Malformed> {
    match object.get() {
        "\"page\"" => Ok(ChannelKind::Facebook),
        "\"instagram\"" => Ok(ChannelKind::Instagram),
        "\"whatsapp_business_account\"" => Ok(ChannelKind::Whatsapp),
        _ => Err(Malformed::NotAnEvent),
    }
}

/// The events of one entry.
fn events(
    channel: ChannelKind,
    object: &RawValue,
    entry: &Entry<'_>,
    our_app: &str,
    received_at: DateTime<Utc>,
    out: &mut Batches,
) {
    if channel == ChannelKind::Whatsapp {
        whatsapp::webhook::entry(entry.id, entry.changes.as_deref().unwrap_or_default(), received_at, out);
    } else {
        conversations(channel, object, entry, our_app, received_at, out);
    }
}

/// The events of one page or Instagram account.
fn conversations(
    channel: ChannelKind,
    object: &RawValue,
    entry: &Entry<'_>,
    our_app: &str,
    received_at: DateTime<Utc>,
    out: &mut Batches,
) {
    let account = wire::raw_id(entry.id);
    let entry_time = wire::raw_instant(entry.time);
    let origin =
        |standby| Origin { account: &account, our_app, standby, fallback_time: entry_time.unwrap_or(received_at) };
    let wrap = |list: &str, raw: &RawValue| {
        let (id, time) = (or_null(entry.id), or_null(entry.time));
        let (start, end) = (r#"{"object":"#, "]}]}");
        let pieces =
            [start, object.get(), r#","entry":[{"id":"#, id, r#","time":"#, time, ",\"", list, "\":[", raw.get(), end];
        pieces.concat()
    };
    for (list, standby, events) in [("messaging", false, &entry.messaging), ("standby", true, &entry.standby)] {
        for raw in events.iter().flatten() {
            let (origin, body) = (origin(standby), || compose(wrap(list, raw)));
            let item = messaging::plain(raw.get(), &origin, body).unwrap_or_else(|| match wire::read(raw.get()) {
                Some(event) => messaging::item(&event, raw.get(), &origin, body()),
                None => unknown(list, raw, origin.fallback_time, wrap(list, raw)),
            });
            out.push(channel, &account, item);
        }
    }
    for raw in entry.changes.iter().flatten() {
        let change = wire::read(raw.get()).unwrap_or_default();
        let field = wire::text(&change["field"]).unwrap_or_else(|| "change".to_owned());
        // The Instagram dashboard's test tool sends messages as changes.
        let item = if change["value"]["sender"].is_object() && change["value"]["recipient"].is_object() {
            messaging::item(&change["value"], raw.get(), &origin(false), compose(wrap("changes", raw)))
        } else {
            unknown(&field, raw, origin(false).fallback_time, wrap("changes", raw))
        };
        out.push(channel, &account, item);
    }
}

/// An event that nobody reads, kept whole.
pub(crate) fn unknown(field: &str, raw: &RawValue, at: DateTime<Utc>, body: String) -> Item {
    Item {
        event_key: wire::key("unknown", &[&wire::fingerprint(raw.get())]),
        sender_key: String::new(),
        at,
        contact: None,
        standby: false,
        kind: Kind::Unknown { field: field.chars().take(64).collect() },
        raw: compose(body),
    }
}
