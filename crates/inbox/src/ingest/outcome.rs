//! What became of each delivery, for the operator and for a replay after a parser fix.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ReceiptId;
use uuid::Uuid;

use super::echo::echo_of;
use super::incoming::Incoming;
use super::load::Loaded;
use super::marks::Mark;
use super::states::News;

/// Marks deliveries as handled.
pub(super) async fn record(tx: &mut OrgTx, outcomes: &[(ReceiptId, &'static str)]) -> Result<(), sqlx::Error> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = outcomes.iter().map(|(id, _)| id.uuid()).collect();
    let words: Vec<&str> = outcomes.iter().map(|(_, word)| *word).collect();
    sqlx::query(
        "update receipts r set handled_at = now(), outcome = o.word from unnest($2::uuid[], $3::text[]) as o (id, word) \
         where r.org_id = $1 and r.id = any($2) and r.id = o.id",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(words)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes when channels last told us something: to ten seconds, so that hardly any batch writes their rows. A row that somebody
/// changes just now is left to the next batch, so that none waits for another.
pub(super) async fn heard_of(tx: &mut OrgTx, loaded: &[Loaded]) -> Result<(), sqlx::Error> {
    let (ids, times): (Vec<Uuid>, Vec<DateTime<Utc>>) =
        loaded.iter().filter_map(|one| Some((one.channel.uuid(), one.sign_of_life?))).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "with told as (select id, max(at) as at from unnest($2::uuid[], $3::timestamptz[]) as t (id, at) group by id), \
           free as (select id from channels where org_id = $1 and id = any($2) for no key update skip locked) \
         update channels c set last_event_at = greatest(c.last_event_at, t.at) from free f join told t using (id) \
         where c.org_id = $1 and c.id = any($2) and c.id = f.id",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(times)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What became of each delivery, in a word.
pub(super) fn of(loaded: &[Loaded]) -> Vec<(ReceiptId, &'static str)> {
    loaded
        .iter()
        .map(|one| {
            let word = match &one.item {
                None => "unparsable",
                Some(item) if Incoming::of(item).is_some() => "message",
                Some(item) if echo_of(item).is_some() => "echo",
                Some(item) if !News::of(one.channel, item).is_empty() => "status",
                Some(item) if Mark::of(one.channel, item).is_some() => "mark",
                Some(_) => "kept",
            };
            (one.receipt, word)
        })
        .collect()
}
