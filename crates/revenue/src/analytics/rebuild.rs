//! Making the sums of the inbox anew from the ledger.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ledger::{Actor, Fact};
use serde_json::Value;
use uuid::Uuid;

use super::follower::{KINDS, NAME, Sums};
use crate::settings::Rules;

/// Facts that are read at once.
const PAGE: i64 = 5_000;

/// A fact as the ledger holds it.
#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    at: DateTime<Utc>,
    kind: String,
    actor: String,
    payload: Value,
}

/// Counts every fact again that the follower has read, and replaces the sums by what they come to; gives how many facts it read.
/// Days are those of the organisation's present time zone. What an erasure blanked counts as not known. The caller commits.
pub async fn rebuild(tx: &mut OrgTx) -> anyhow::Result<u64> {
    // Whoever holds the cursor holds the follower: what it has read is what is counted here, no more and no less.
    let cursor: Option<(String, Uuid)> =
        sqlx::query_as("select xact_id::text, event_id from followers where name = $1 for update")
            .bind(NAME)
            .fetch_optional(tx.conn())
            .await?;
    let Some((xact, event)) = cursor else { return Ok(0) };
    let mut sums = Sums::new(Rules::load(tx).await?.whole.zone);
    let (mut read, mut after) = (0, Uuid::nil());
    loop {
        let rows: Vec<Row> = sqlx::query_as(
            "select id, at, kind, actor, payload from events where org_id = $1 and id > $2 and kind = any($3) \
               and (xact_id, id) <= ($4::xid8, $5) order by id limit $6",
        )
        .bind(tx.org())
        .bind(after)
        .bind(KINDS)
        .bind(&xact)
        .bind(event)
        .bind(PAGE)
        .fetch_all(tx.conn())
        .await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        read += rows.len() as u64;
        for Row { at, kind, actor, payload, .. } in rows {
            let actor: Actor = actor.parse()?;
            sums.read(at, actor, &Fact::from_row(&kind, payload));
        }
    }
    sqlx::query("delete from desk_metrics where org_id = $1").bind(tx.org()).execute(tx.conn()).await?;
    sums.write(tx).await?;
    Ok(read)
}
