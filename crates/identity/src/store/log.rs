//! Reading the audit log.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use kernel::audit::Link;
use kernel::db::OrgTx;
use kernel::ids::{AuditId, OrgId, UserId};
use sqlx::FromRow;

use crate::audit::signing::{Checkpoint, Kind};

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

impl Wanted {
    /// Whether it narrows the rows to more than a span of time: then they are no longer a chain.
    pub(crate) fn chooses(&self) -> bool {
        self.action.is_some() || self.actor.is_some() || self.ip.is_some() || self.subject.is_some()
    }

    /// The actor as the log writes it.
    fn actor(&self) -> Option<String> {
        let user = self.actor.as_deref().and_then(|actor| actor.parse::<UserId>().ok());
        user.map(|user| user.to_string()).or_else(|| self.actor.clone())
    }

    /// The address as the log writes it.
    fn ip(&self) -> Option<String> {
        self.ip.map(|ip| ip.to_canonical().to_string())
    }
}

const COLUMNS: &str =
    "id, seq, at, actor, null::text as actor_name, action, subject, detail, ip, device, before, after, version, hash";

/// The rows that are wanted, by the parameters 3 to 8: action, actor, from, to, address, subject.
const WANTED: &str = "($3::text is null or action = $3 or starts_with(action, $3 || '.')) \
     and ($4::text is null or actor = $4) and ($5::timestamptz is null or at >= $5) \
     and ($6::timestamptz is null or at < $6) and ($7::text is null or ip = $7) and ($8::text is null or subject = $8)";

/// Rows before a place in the chain, newest first.
pub(crate) async fn list(
    tx: &mut OrgTx,
    wanted: &Wanted,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from audit_log where org_id = $1 and ($2::bigint is null or seq < $2) and {WANTED} \
         order by seq desc limit $9"
    );
    let mut rows: Vec<Entry> = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(before)
        .bind(&wanted.action)
        .bind(wanted.actor())
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(wanted.ip())
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
    let query = format!("select {COLUMNS} from audit_log where org_id = $1 and seq > $2 order by seq limit $3");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(seq).bind(limit).fetch_all(tx.conn()).await
}

/// The head of the chain: the last place and hash; none before the first entry.
pub(crate) async fn head(tx: &mut OrgTx) -> Result<Option<(i64, Vec<u8>)>, sqlx::Error> {
    sqlx::query_as("select seq, hash from audit_heads where org_id = $1").bind(tx.org()).fetch_optional(tx.conn()).await
}

/// A signed statement as it is kept.
#[derive(FromRow)]
struct CheckpointRow {
    kind: String,
    seq: i64,
    hash: Vec<u8>,
    at: DateTime<Utc>,
    kid: String,
    signature: Vec<u8>,
}

/// The signed statements about the chain, in the order of their places.
pub(crate) async fn checkpoints(tx: &mut OrgTx) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let rows: Vec<CheckpointRow> = sqlx::query_as(
        "select kind, seq, hash, at, kid, signature from audit_checkpoints where org_id = $1 order by seq, kind",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let CheckpointRow { kind, seq, hash, at, kid, signature } = row;
            // The database allows no other words.
            Some(Checkpoint { kind: Kind::read(&kind)?, seq, hash, at, kid, signature })
        })
        .collect())
}

/// Keeps a signed statement; one about the same place stays as it is.
pub(crate) async fn add_checkpoint(tx: &mut OrgTx, checkpoint: &Checkpoint) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into audit_checkpoints (org_id, kind, seq, hash, at, kid, signature) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(checkpoint.kind.as_str())
    .bind(checkpoint.seq)
    .bind(&checkpoint.hash)
    .bind(checkpoint.at)
    .bind(&checkpoint.kid)
    .bind(&checkpoint.signature)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The first and the last place of the rows that are older than an instant, up to the first that is not: the places are in
/// the order of writing, and clocks of several machines may differ by a little.
pub(crate) async fn older_than(tx: &mut OrgTx, before: DateTime<Utc>) -> Result<Option<(i64, i64)>, sqlx::Error> {
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(
        "select min(l.seq), max(l.seq) from audit_log l where l.org_id = $1 and l.seq < coalesce( \
         (select min(y.seq) from audit_log y where y.org_id = $1 and y.at >= $2), 9223372036854775807)",
    )
    .bind(tx.org())
    .bind(before)
    .fetch_one(tx.conn())
    .await?;
    Ok(first.zip(last))
}

/// The first and the last place of the rows of a span of time.
pub(crate) async fn span(
    tx: &mut OrgTx,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<Option<(i64, i64)>, sqlx::Error> {
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(
        "select min(seq), max(seq) from audit_log where org_id = $1 \
         and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3)",
    )
    .bind(tx.org())
    .bind(from)
    .bind(to)
    .fetch_one(tx.conn())
    .await?;
    Ok(first.zip(last))
}

/// How many rows up to a place are wanted.
pub(crate) async fn count(tx: &mut OrgTx, wanted: &Wanted, last: i64) -> Result<i64, sqlx::Error> {
    let query = format!("select count(*) from audit_log where org_id = $1 and seq <= $2 and {WANTED}");
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(last);
    let (actor, ip) = (wanted.actor(), wanted.ip());
    query
        .bind(&wanted.action)
        .bind(actor)
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(ip)
        .bind(&wanted.subject)
        .fetch_one(tx.conn())
        .await
}

/// A row with the hash of the row before it, for exports of chosen rows.
#[derive(FromRow)]
pub(crate) struct Chosen {
    #[sqlx(flatten)]
    pub(crate) entry: Entry,
    pub(crate) previous: Vec<u8>,
}

/// Wanted rows after a place and up to another, oldest first, each with the hash before it.
pub(crate) async fn chosen(
    tx: &mut OrgTx,
    wanted: &Wanted,
    (after, last): (i64, i64),
    limit: i64,
) -> Result<Vec<Chosen>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS}, coalesce((select p.hash from audit_log p where p.org_id = $1 and p.seq = audit_log.seq - 1), \
         (select c.hash from audit_checkpoints c where c.org_id = $1 and c.kind = 'anchor' and c.seq = audit_log.seq - 1), '') \
         as previous from audit_log where org_id = $1 and seq <= $2 and {WANTED} and seq > $9 order by seq limit $10"
    );
    let (actor, ip) = (wanted.actor(), wanted.ip());
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(last)
        .bind(&wanted.action)
        .bind(actor)
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(ip)
        .bind(&wanted.subject)
        .bind(after)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}
