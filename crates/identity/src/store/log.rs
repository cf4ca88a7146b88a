//! Reading the audit log.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use kernel::audit::Link;
use kernel::db::OrgTx;
use kernel::ids::{AuditId, OrgId, UserId};
use sqlx::FromRow;

/// A row of the audit log.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Entry {
    pub(crate) id: AuditId,
    pub(crate) seq: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor: String,
    /// The person's name, when the actor is or was a member.
    pub(crate) actor_name: Option<String>,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) detail: String,
    pub(crate) ip: String,
    pub(crate) device: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) version: i16,
    pub(crate) hash: Vec<u8>,
}

impl Entry {
    /// The row as its hash covers it.
    pub(crate) fn link(&self, org: OrgId) -> Link<'_> {
        Link {
            version: self.version,
            org,
            seq: self.seq,
            id: self.id,
            at: self.at,
            actor: &self.actor,
            action: &self.action,
            subject: &self.subject,
            detail: &self.detail,
            ip: &self.ip,
            device: &self.device,
            before: &self.before,
            after: &self.after,
        }
    }
}

/// Which rows to show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// An action, or its beginning up to a dot (`member` finds `member.removed`).
    pub(crate) action: Option<String>,
    /// An actor, as the ledger writes it.
    pub(crate) actor: Option<String>,
    /// A client's address, in any spelling.
    pub(crate) ip: Option<IpAddr>,
    /// What it was done to, exactly.
    pub(crate) subject: Option<String>,
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) to: Option<DateTime<Utc>>,
}

/// Rows before a place in the chain, newest first.
pub(crate) async fn list(
    tx: &mut OrgTx,
    wanted: &Wanted,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    let actor_user = wanted.actor.as_deref().and_then(|actor| actor.parse::<UserId>().ok());
    let actor = actor_user.map(|user| user.to_string()).or_else(|| wanted.actor.clone());
    let mut rows: Vec<Entry> = sqlx::query_as(
        "select id, seq, at, actor, null::text as actor_name, action, subject, detail, ip, device, before, after, version, hash from audit_log \
         where org_id = $1 and ($2::bigint is null or seq < $2) \
         and ($3::text is null or action = $3 or starts_with(action, $3 || '.')) \
         and ($4::text is null or actor = $4) \
         and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6) \
         and ($7::text is null or ip = $7) and ($8::text is null or subject = $8) \
         order by seq desc limit $9",
    )
    .bind(tx.org())
    .bind(before)
    .bind(&wanted.action)
    .bind(actor)
    .bind(wanted.from)
    .bind(wanted.to)
    .bind(wanted.ip.map(|ip| ip.to_canonical().to_string()))
    .bind(&wanted.subject)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    name_actors(tx, &mut rows).await?;
    Ok(rows)
}

/// Puts names beside the actors. Ids are text in the log, so the names are looked up by id in one query.
async fn name_actors(tx: &mut OrgTx, rows: &mut [Entry]) -> Result<(), sqlx::Error> {
    let mut users: Vec<uuid::Uuid> =
        rows.iter().filter_map(|row| row.actor.parse::<UserId>().ok()).map(UserId::uuid).collect();
    users.sort_unstable();
    users.dedup();
    let names: Vec<(UserId, String)> =
        sqlx::query_as("select id, name from users where id = any($1)").bind(users).fetch_all(tx.conn()).await?;
    for row in rows {
        row.actor_name = names.iter().find(|(id, _)| row.actor == id.to_string()).map(|(_, name)| name.clone());
    }
    Ok(())
}

/// Rows after a place in the chain, oldest first: for verifying.
pub(crate) async fn after(tx: &mut OrgTx, seq: i64, limit: i64) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as(
        "select id, seq, at, actor, null::text as actor_name, action, subject, detail, ip, device, before, after, version, hash from audit_log \
         where org_id = $1 and seq > $2 order by seq limit $3",
    )
    .bind(tx.org())
    .bind(seq)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// The head of the chain: the last place and hash; none before the first entry.
pub(crate) async fn head(tx: &mut OrgTx) -> Result<Option<(i64, Vec<u8>)>, sqlx::Error> {
    sqlx::query_as("select seq, hash from audit_heads where org_id = $1").bind(tx.org()).fetch_optional(tx.conn()).await
}
