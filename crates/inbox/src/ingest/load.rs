//! Loads kept deliveries, reads them again into events, and tells which threads they belong to.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use connectors::channel::{Identity, Item};
use connectors::{meta, x};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, ReceiptId};
use kernel::vault::{OrgVault, VaultError};
use uuid::Uuid;

use super::conversations::Thread;
use crate::receiving::sealed;

/// A delivery with its event; no event when today's parser cannot read it.
pub(super) struct Loaded {
    pub receipt: ReceiptId,
    pub channel: ChannelId,
    pub kind: ChannelKind,
    pub item: Option<Item>,
    /// Within it deliveries keep their order; none where there is no event.
    pub thread: Option<String>,
    /// When it came, where the last that its channel is known to have told is some time before.
    pub sign_of_life: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ReceiptId,
    channel_id: ChannelId,
    kind: String,
    event_key: String,
    sealed: Option<Vec<u8>>,
    /// As a former version kept it.
    raw: Option<String>,
    received_at: DateTime<Utc>,
    /// Whether its channel is to be noted as heard of.
    tells: bool,
}

/// Deliveries that were not handled yet.
#[derive(Default)]
pub(super) struct Found {
    pub loaded: Vec<Loaded>,
    /// Those whose seal does not open, and why.
    pub closed: Vec<(ReceiptId, VaultError)>,
}

/// Reads those of some deliveries that were not handled yet, in the order in which they are named.
pub(super) async fn load(
    tx: &mut OrgTx,
    vault: &OrgVault,
    receipts: &[Uuid],
    our_app: &str,
) -> Result<Found, sqlx::Error> {
    let mut rows: Vec<Row> = sqlx::query_as(
        "select r.id, r.channel_id, c.kind, r.event_key, r.sealed, r.raw::text as raw, r.received_at, \
           coalesce(c.last_event_at < r.received_at - interval '10 seconds', true) as tells from receipts r \
         join channels c on c.org_id = r.org_id and c.id = r.channel_id \
         where r.org_id = $1 and r.id = any($2) and r.handled_at is null",
    )
    .bind(tx.org())
    .bind(receipts)
    .fetch_all(tx.conn())
    .await?;
    let places: HashMap<Uuid, usize> = receipts.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    rows.sort_unstable_by_key(|row| places.get(&row.id.uuid()).copied());
    let mut found = Found::default();
    for row in rows {
        match read(&row, vault, our_app) {
            Ok(one) => found.loaded.extend(one),
            Err(error) => found.closed.push((row.id, error)),
        }
    }
    Ok(found)
}

fn read(row: &Row, vault: &OrgVault, our_app: &str) -> Result<Option<Loaded>, VaultError> {
    let Ok(kind) = row.kind.parse::<ChannelKind>() else { return Ok(None) };
    let body = match (&row.sealed, &row.raw) {
        (Some(sealed), _) => sealed::open(vault, row.channel_id, &row.event_key, sealed)?,
        (None, raw) => raw.clone().unwrap_or_default(),
    };
    let item = event_of(kind, &body, our_app, row.received_at);
    let thread = item.as_ref().map(|item| sealed::thread(vault, row.channel_id, item));
    let sign_of_life = row.tells.then_some(row.received_at);
    Ok(Some(Loaded { receipt: row.id, channel: row.channel_id, kind, item, thread, sign_of_life }))
}

/// The threads that deliveries belong to.
pub(super) fn threads(loaded: &[Loaded], contacts: &[Option<ContactId>]) -> Vec<Thread> {
    loaded
        .iter()
        .zip(contacts)
        .filter_map(|(one, contact)| {
            let item = one.item.as_ref()?;
            let identity = item.contact.as_ref()?;
            Some(Thread {
                channel: one.channel,
                kind: one.kind,
                contact: (*contact)?,
                recipient: recipient(one.kind, identity),
                at: item.at,
            })
        })
        .collect()
}

/// The id to answer to. WhatsApp takes a phone number where there is one; the business-scoped id names people without.
fn recipient(kind: ChannelKind, identity: &Identity) -> String {
    match &identity.phone {
        Some(phone) if kind == ChannelKind::Whatsapp => phone.clone(),
        _ => identity.id.clone(),
    }
}

/// The event of a kept delivery, by today's parser.
pub(crate) fn event_of(kind: ChannelKind, body: &str, our_app: &str, received_at: DateTime<Utc>) -> Option<Item> {
    let batches = if kind == ChannelKind::X {
        x::webhook::parse(body.as_bytes(), received_at)
    } else {
        meta::webhook::parse(body.as_bytes(), our_app, received_at)
    };
    batches.ok()?.into_iter().find_map(|batch| batch.items.into_iter().next())
}
