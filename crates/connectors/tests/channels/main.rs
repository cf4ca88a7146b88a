//! The channels' connectors, tested as the rooms use them.

mod connecting;
mod instagram;
mod messenger;
mod mutated;
mod sending;
mod whatsapp;
mod world;
mod x;

use chrono::{DateTime, Utc};
use connectors::channel::{Item, Kind, Received};

pub const OUR_APP: &str = "263902037430900";

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_787_300_000, 0).expect("a valid instant")
}

pub fn meta(body: &str) -> Vec<Received> {
    connectors::meta::webhook::parse(body.as_bytes(), OUR_APP, now()).expect("a body of Meta")
}

pub fn x(body: &str) -> Vec<Received> {
    connectors::x::webhook::parse(body.as_bytes(), now()).expect("a body of X")
}

/// The items of a body about one account.
pub fn items(received: Vec<Received>) -> Vec<Item> {
    assert_eq!(received.len(), 1, "one account: {received:?}");
    received.into_iter().flat_map(|batch| batch.items).collect()
}

/// The only item of a body.
pub fn only(received: Vec<Received>) -> Item {
    let mut items = items(received);
    assert_eq!(items.len(), 1, "one item");
    items.remove(0)
}

pub fn message(item: &Item) -> &connectors::channel::Message {
    match &item.kind {
        Kind::Message(message) => message,
        other => panic!("a message, not {other:?}"),
    }
}

/// Each item's raw form is a body that gives this item, and no other, again.
pub fn assert_replayable(batches: &[Received], parse: impl Fn(&str) -> Vec<Received>) {
    for batch in batches {
        for item in &batch.items {
            let again = parse(item.raw.get());
            assert_eq!(again.len(), 1, "one account in {}", item.raw);
            assert_eq!((again[0].channel, &again[0].account_id), (batch.channel, &batch.account_id), "{}", item.raw);
            assert_eq!(again[0].items.len(), 1, "one item in {}", item.raw);
            let other = &again[0].items[0];
            assert_eq!(other.kind, item.kind);
            assert_eq!(other.event_key, item.event_key, "{}", item.raw);
            assert_eq!((&other.sender_key, other.at, &other.contact), (&item.sender_key, item.at, &item.contact));
            assert_eq!(other.standby, item.standby);
        }
    }
}
