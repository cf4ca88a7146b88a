//! Seals what a former version of the inbox kept in the open: whom conversations answer to, and deliveries as they came.

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ConversationId};
use kernel::vault::OrgVault;
use uuid::Uuid;

use crate::ingest::event_of;
use crate::receiving::sealed;

/// Seals one batch of recipients; says how many.
pub(crate) async fn conversations(tx: &mut OrgTx, vault: &OrgVault, most: i64) -> anyhow::Result<u64> {
    let personal: Vec<&str> =
        ChannelKind::ALL.into_iter().filter(|kind| kind.ids_are_personal()).map(ChannelKind::as_str).collect();
    let rows: Vec<(ConversationId, ChannelId, String, String)> = sqlx::query_as(
        "select id, channel_id, channel_kind, recipient from conversations \
         where org_id = $1 and channel_kind = any($2) and recipient_sealed is null limit $3",
    )
    .bind(tx.org())
    .bind(personal)
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    let (mut ids, mut marks, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
    for (id, channel, kind, recipient) in rows {
        let kind: ChannelKind = kind.parse()?;
        ids.push(id.uuid());
        marks.push(vault.kept_id(kind, &recipient));
        sealed.push(vault.seal_id(kind, channel, &recipient)?);
    }
    let done = sqlx::query(
        "update conversations c set recipient = n.mark, recipient_sealed = n.sealed \
         from unnest($2::uuid[], $3::text[], $4::bytea[]) as n (id, mark, sealed) where c.org_id = $1 and c.id = n.id",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(marks)
    .bind(sealed)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// A delivery as a former version kept it.
#[derive(sqlx::FromRow)]
struct Open {
    id: Uuid,
    channel_id: ChannelId,
    kind: Option<String>,
    event_key: String,
    raw: String,
    received_at: DateTime<Utc>,
}

/// Seals one batch of deliveries; says how many.
pub(crate) async fn receipts(tx: &mut OrgTx, vault: &OrgVault, our_app: &str, most: i64) -> anyhow::Result<u64> {
    let rows: Vec<Open> = sqlx::query_as(
        "select r.id, r.channel_id, c.kind, r.event_key, r.raw::text as raw, r.received_at from receipts r \
         left join channels c on c.org_id = r.org_id and c.id = r.channel_id \
         where r.org_id = $1 and r.raw is not null order by r.id limit $2",
    )
    .bind(tx.org())
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    let (mut ids, mut bodies, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let kind: Option<ChannelKind> = row.kind.as_deref().and_then(|kind| kind.parse().ok());
        let item = kind.and_then(|kind| event_of(kind, &row.raw, our_app, row.received_at));
        ids.push(row.id);
        bodies.push(sealed::seal_body(vault, row.channel_id, &row.event_key, &row.raw)?);
        people.push(item.map(|item| sealed::people(vault, &item)).unwrap_or_default());
    }
    let done = sqlx::query(
        "update receipts r set raw = null, sealed = n.sealed, people = string_to_array(n.people, ' ') \
         from unnest($2::uuid[], $3::bytea[], $4::text[]) as n (id, sealed, people) where r.org_id = $1 and r.id = n.id",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(bodies)
    .bind(people)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
