//! Webhooks name a platform account, not an organisation: routing and durable receipt cross organisations.

use uuid::Uuid;

use crate::channel::ChannelKind;
use crate::db::Db;
use crate::ids::{ChannelId, JobId, OrgId};
use crate::queue::Lane;

/// In how many queues an organisation's deliveries wait: those of one are handled in the order they came, the queues side by side.
pub const SHARDS: u8 = 4;

/// The kind of the jobs that [`keep_receipts`] makes: each handles the receipts of one commit and queue, whose ids its payload
/// lists under `receipts`. They have a kind of their own because a former version took the id of a job for the id of its receipt.
pub const RECEIPTS: &str = "inbound.receive_group";

/// A delivery to keep: one event of one account.
#[derive(Debug)]
pub struct NewReceipt {
    /// The organisation that connected the account.
    pub org: OrgId,
    /// The connected account.
    pub channel: ChannelId,
    /// The receipt's id.
    pub id: Uuid,
    /// Same for every delivery of the same event.
    pub event_key: String,
    /// Which of the organisation's queues it goes to; the same for all events of one sender.
    pub shard: u8,
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

/// Keeps receipts with the jobs that handle them, one for the new ones of each organisation and shard, in one statement and one
/// commit; returns how many were new. Receipts are written in the order of their keys, so that two writers with the same
/// deliveries do not wait for one another; jobs list them in the order they came.
pub async fn keep_receipts(db: &Db, receipts: &[&NewReceipt]) -> Result<u64, sqlx::Error> {
    let mut sorted: Vec<(i32, &NewReceipt)> = (0..).zip(receipts.iter().copied()).collect();
    sorted.sort_unstable_by(|(_, a), (_, b)| (a.org, a.channel, &a.event_key).cmp(&(b.org, b.channel, &b.event_key)));
    let mut jobs = Vec::with_capacity(sorted.len());
    for of_org in sorted.chunk_by(|(_, a), (_, b)| a.org == b.org) {
        let ids: [Uuid; SHARDS as usize] = std::array::from_fn(|_| JobId::new(&db.inner.clock).uuid());
        jobs.extend(of_org.iter().map(|(_, receipt)| ids[usize::from(receipt.shard % SHARDS)]));
    }
    let kept: i64 = sqlx::query_scalar(
        "with new as (insert into receipts (org_id, id, channel_id, event_key, sealed, people) \
             select org_id, id, channel_id, event_key, sealed, string_to_array(people, ' ') \
             from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::text[]) \
               as g (org_id, id, channel_id, event_key, sealed, people) \
             on conflict (org_id, channel_id, event_key) do nothing returning id), \
         made as (insert into jobs (org_id, id, lane, kind, key, payload) \
             select g.org_id, g.job, $10, $11, 'shard:' || g.shard, \
               jsonb_build_object('receipts', jsonb_agg(g.id order by g.place)) \
             from unnest($1::uuid[], $2::uuid[], $7::uuid[], $8::int2[], $9::int4[]) as g (org_id, id, job, shard, place) \
             join new n using (id) group by g.org_id, g.job, g.shard) \
         select count(*) from new",
    )
    .bind(sorted.iter().map(|(_, receipt)| receipt.org.uuid()).collect::<Vec<_>>())
    .bind(sorted.iter().map(|(_, receipt)| receipt.id).collect::<Vec<_>>())
    .bind(sorted.iter().map(|(_, receipt)| receipt.channel.uuid()).collect::<Vec<_>>())
    .bind(sorted.iter().map(|(_, receipt)| receipt.event_key.as_str()).collect::<Vec<_>>())
    .bind(sorted.iter().map(|(_, receipt)| receipt.sealed.as_slice()).collect::<Vec<_>>())
    .bind(sorted.iter().map(|(_, receipt)| receipt.people.as_str()).collect::<Vec<_>>())
    .bind(jobs)
    .bind(sorted.iter().map(|(_, receipt)| i16::from(receipt.shard % SHARDS)).collect::<Vec<_>>())
    .bind(sorted.iter().map(|(place, _)| *place).collect::<Vec<_>>())
    .bind(Lane::Inbound.name())
    .bind(RECEIPTS)
    .fetch_one(db.system_pool())
    .await?;
    if kept > 0 {
        db.signals().lane(Lane::Inbound);
    }
    Ok(kept.unsigned_abs())
}
