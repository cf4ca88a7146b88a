//! Webhooks name a platform account, not an organisation: routing and durable receipt cross organisations.

use uuid::Uuid;

use crate::channel::ChannelKind;
use crate::db::Db;
use crate::ids::{ChannelId, OrgId};
use crate::queue::Lane;

/// A delivery to keep: one event of one account.
#[derive(Debug)]
pub struct NewReceipt {
    /// The organisation that connected the account.
    pub org: OrgId,
    /// The connected account.
    pub channel: ChannelId,
    /// The receipt's id; also the id of the job that handles it.
    pub id: Uuid,
    /// Same for every delivery of the same event.
    pub event_key: String,
    /// Orders the events of one sender.
    pub order_key: String,
    /// The event as it came, sealed with the organisation's key.
    pub sealed: Vec<u8>,
    /// The marks of whom it is about, with blanks between them.
    pub people: String,
}

/// Whose channels an account of a platform is: usually one, none when nobody connected it.
pub async fn routes_of(db: &Db, kind: ChannelKind, account_id: &str) -> Result<Vec<(OrgId, ChannelId)>, sqlx::Error> {
    sqlx::query_as(
        "select c.org_id, c.id from channels c join organisations o on o.id = c.org_id and o.deleted_at is null \
         where c.kind = $1 and c.account_id = $2 and c.status <> 'disconnected'",
    )
    .bind(kind)
    .bind(account_id)
    .fetch_all(db.system_pool())
    .await
}

/// Whether any organisation still has a connected account that is a platform's object or belongs to it (a page and its
/// Instagram account, the numbers of a WhatsApp business account): its events must go on then.
pub async fn object_in_use(db: &Db, platform_id: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from channels where status <> 'disconnected' and (account_id = $1 or parent_id = $1))",
    )
    .bind(platform_id)
    .fetch_one(db.system_pool())
    .await
}

/// Keeps receipts with the jobs that handle them, in one statement and one commit; returns how many were new. Receipts are
/// written in the order of their keys, so that two writers with the same deliveries do not wait for one another; jobs in the
/// order they came.
pub async fn keep_receipts(db: &Db, receipts: &[&NewReceipt]) -> Result<u64, sqlx::Error> {
    let mut sorted: Vec<&NewReceipt> = receipts.to_vec();
    sorted.sort_unstable_by(|a, b| (a.org, a.channel, &a.event_key).cmp(&(b.org, b.channel, &b.event_key)));
    let kept = sqlx::query(
        "with new as (insert into receipts (org_id, id, channel_id, event_key, sealed, people) \
             select org_id, id, channel_id, event_key, sealed, string_to_array(people, ' ') \
             from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $10::text[]) \
               as g (org_id, id, channel_id, event_key, sealed, people) \
             on conflict (org_id, channel_id, event_key) do nothing returning org_id, id) \
         insert into jobs (org_id, id, lane, kind, key, payload) \
         select g.org_id, g.id, $9, 'inbound.receive', g.order_key, '{}' \
         from unnest($6::uuid[], $7::uuid[], $8::text[]) with ordinality as g (org_id, id, order_key, place) \
         join new n using (org_id, id) order by g.place",
    )
    .bind(sorted.iter().map(|receipt| receipt.org.uuid()).collect::<Vec<_>>())
    .bind(sorted.iter().map(|receipt| receipt.id).collect::<Vec<_>>())
    .bind(sorted.iter().map(|receipt| receipt.channel.uuid()).collect::<Vec<_>>())
    .bind(sorted.iter().map(|receipt| receipt.event_key.as_str()).collect::<Vec<_>>())
    .bind(sorted.iter().map(|receipt| receipt.sealed.as_slice()).collect::<Vec<_>>())
    .bind(receipts.iter().map(|receipt| receipt.org.uuid()).collect::<Vec<_>>())
    .bind(receipts.iter().map(|receipt| receipt.id).collect::<Vec<_>>())
    .bind(receipts.iter().map(|receipt| receipt.order_key.as_str()).collect::<Vec<_>>())
    .bind(Lane::Inbound.name())
    .bind(sorted.iter().map(|receipt| receipt.people.as_str()).collect::<Vec<_>>())
    .execute(db.system_pool())
    .await?
    .rows_affected();
    if kept > 0 {
        db.signals().lane(Lane::Inbound);
    }
    Ok(kept)
}
