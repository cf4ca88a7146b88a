//! Loads kept deliveries and reads them again into events.

use chrono::{DateTime, Utc};
use connectors::channel::Item;
use connectors::{meta, x};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ReceiptId};
use uuid::Uuid;

/// A delivery with its event; no event when today's parser cannot read it.
pub(super) struct Loaded {
    pub receipt: ReceiptId,
    pub channel: ChannelId,
    pub kind: ChannelKind,
    pub item: Option<Item>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ReceiptId,
    channel_id: ChannelId,
    kind: String,
    raw: String,
    received_at: DateTime<Utc>,
}

/// Reads deliveries that were not handled yet.
pub(super) async fn load(tx: &mut OrgTx, receipts: &[Uuid], our_app: &str) -> Result<Vec<Loaded>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select r.id, r.channel_id, c.kind, r.raw::text as raw, r.received_at from receipts r \
         join channels c on c.org_id = r.org_id and c.id = r.channel_id \
         where r.org_id = $1 and r.id = any($2) and r.handled_at is null",
    )
    .bind(tx.org())
    .bind(receipts)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().filter_map(|row| read(&row, our_app)).collect())
}

fn read(row: &Row, our_app: &str) -> Option<Loaded> {
    let kind: ChannelKind = row.kind.parse().ok()?;
    let body = row.raw.as_bytes();
    let batches = if kind == ChannelKind::X {
        x::webhook::parse(body, row.received_at)
    } else {
        meta::webhook::parse(body, our_app, row.received_at)
    };
    let item = batches.ok().and_then(|batches| batches.into_iter().find_map(|batch| batch.items.into_iter().next()));
    Some(Loaded { receipt: row.id, channel: row.channel_id, kind, item })
}
