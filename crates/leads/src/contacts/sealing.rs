//! Seals the ids at platforms that a former version kept in the open.

use std::collections::HashSet;

use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::ChannelId;
use kernel::vault::OrgVault;
use serde_json::Value;
use uuid::Uuid;

/// Seals one batch; says how many rows.
pub(crate) async fn seal(tx: &mut OrgTx, vault: &OrgVault, most: i64) -> anyhow::Result<u64> {
    // Merges first: the identities tell which accounts are meant.
    let mut done = mark_merges(tx, vault).await?;
    for table in ["contact_identities", "hidden_identities"] {
        done += seal_identities(tx, vault, table, most).await?;
    }
    Ok(done)
}

/// The kinds whose ids are personal, as columns hold them.
fn personal() -> Vec<&'static str> {
    ChannelKind::ALL.into_iter().filter(|kind| kind.ids_are_personal()).map(ChannelKind::as_str).collect()
}

async fn seal_identities(tx: &mut OrgTx, vault: &OrgVault, table: &'static str, most: i64) -> anyhow::Result<u64> {
    let rows: Vec<(ChannelId, String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select distinct channel_id, platform_id, channel_kind from {table} where org_id = $1 and channel_kind = any($2) \
         and sealed is null limit $3"
    )))
    .bind(tx.org())
    .bind(personal())
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    let (mut channels, mut ids, mut marks, mut sealed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (channel, id, kind) in rows {
        let kind: ChannelKind = kind.parse()?;
        channels.push(channel.uuid());
        marks.push(vault.kept_id(kind, &id));
        sealed.push(vault.seal_id(kind, channel, &id)?);
        ids.push(id);
    }
    // Two spellings of one number are one id: the second row has nowhere to go and needs none.
    let sql = format!(
        "with old as (delete from {table} i using unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[]) \
             as n (channel_id, platform_id, mark, sealed) \
           where i.org_id = $1 and i.channel_id = n.channel_id and i.platform_id = n.platform_id \
           returning i.org_id, i.channel_id, n.mark, i.channel_kind, i.contact_id, i.created_at, n.sealed), \
         new as (insert into {table} (org_id, channel_id, platform_id, channel_kind, contact_id, created_at, sealed) \
           select * from old on conflict do nothing) \
         select count(*) from old"
    );
    let done: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(channels)
        .bind(ids)
        .bind(marks)
        .bind(sealed)
        .fetch_one(tx.conn())
        .await?;
    Ok(done.unsigned_abs())
}

/// Puts marks in the place of ids in what merges moved: they are made by hand, so there are few.
async fn mark_merges(tx: &mut OrgTx, vault: &OrgVault) -> anyhow::Result<u64> {
    let channels: Vec<ChannelId> = sqlx::query_scalar(
        "select channel_id from contact_identities where org_id = $1 and channel_kind = any($2) union \
         select channel_id from hidden_identities where org_id = $1 and channel_kind = any($2)",
    )
    .bind(tx.org())
    .bind(personal())
    .fetch_all(tx.conn())
    .await?;
    let channels: HashSet<String> = channels.iter().map(ToString::to_string).collect();
    let merges: Vec<(Uuid, Value)> = sqlx::query_as("select id, moved from contact_merges where org_id = $1")
        .bind(tx.org())
        .fetch_all(tx.conn())
        .await?;
    let mut done = 0;
    for (id, mut moved) in merges {
        let mut changed = false;
        for identity in moved.get_mut("identities").and_then(Value::as_array_mut).into_iter().flatten() {
            let theirs = identity[0].as_str().is_some_and(|channel| channels.contains(channel));
            let plain = identity[1].as_str().filter(|id| theirs && !id.starts_with('~')).map(str::to_owned);
            if let Some(plain) = plain {
                identity[1] = Value::String(vault.mark(&plain));
                changed = true;
            }
        }
        if changed {
            sqlx::query("update contact_merges set moved = $3 where org_id = $1 and id = $2")
                .bind(tx.org())
                .bind(id)
                .bind(moved)
                .execute(tx.conn())
                .await?;
            done += 1;
        }
    }
    Ok(done)
}
