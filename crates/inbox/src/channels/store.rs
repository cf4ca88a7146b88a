//! The rows of connected accounts. Tokens are sealed under the row's identity and opened only for a call.

use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::ChannelId;
use kernel::ledger::{Actor, Event, Fact, Subject};

/// A connected account, without its secrets.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Channel {
    /// Its identity.
    pub id: ChannelId,
    /// Its kind, as a word.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The platform's id of it.
    pub account_id: String,
    /// `connected`, `reauthorise`, `paused` or `disconnected`.
    pub status: String,
    /// When its token ends, where the platform said so.
    pub token_expires_at: Option<DateTime<Utc>>,
    /// When the platform last told us something, to some seconds.
    pub last_event_at: Option<DateTime<Utc>>,
    /// Its last problem.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
    /// When it was connected.
    pub created_at: DateTime<Utc>,
}

/// Of whom no moment was noted yet, the kept deliveries are asked.
const COLUMNS: &str = "id, kind, name, account_id, status, token_expires_at, \
    coalesce(last_event_at, (select max(received_at) from receipts r where r.org_id = channels.org_id and r.channel_id = channels.id)) \
    as last_event_at, last_error, last_error_at, created_at";

/// The place of a channel's secret, for the vault.
pub(crate) fn token_place(id: ChannelId, which: &str) -> String {
    format!("channels/{id}/{which}")
}

/// Every account of the organisation that is not let go, oldest first.
pub async fn list(tx: &mut OrgTx) -> Result<Vec<Channel>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from channels where org_id = $1 and status <> 'disconnected' order by id");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).fetch_all(tx.conn()).await
}

/// One account.
pub async fn find(tx: &mut OrgTx, id: ChannelId) -> Result<Option<Channel>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from channels where org_id = $1 and id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Lets an account go: its tokens are destroyed, its conversations stay. False when there is none of that id.
pub async fn disconnect(tx: &mut OrgTx, id: ChannelId, actor: Actor) -> Result<Option<Channel>, sqlx::Error> {
    let Some(channel) = find(tx, id).await? else { return Ok(None) };
    sqlx::query("update channels set status = 'disconnected', token = null, token_secret = null, refresh_token = null where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    audit::record(tx, AuditEntry::new(actor, "channel.disconnected").about(id)).await?;
    if let Ok(kind) = channel.kind.parse::<ChannelKind>() {
        tx.append(Event::new(Subject::Channel(id), actor, Fact::ChannelDisconnected { channel: id, kind }));
    }
    Ok(Some(channel))
}

/// Marks an account whose authorisation is gone: nothing is sent through it until a person connects it again.
pub async fn mark_failing(
    tx: &mut OrgTx,
    id: ChannelId,
    kind: ChannelKind,
    code: &str,
    detail: &str,
) -> Result<(), sqlx::Error> {
    let changed = sqlx::query(
        "update channels set status = 'reauthorise', last_error = $3, last_error_at = now() where org_id = $1 and id = $2 and status = 'connected'",
    )
    .bind(tx.org())
    .bind(id)
    .bind(detail)
    .execute(tx.conn())
    .await?;
    if changed.rows_affected() == 1 {
        tx.append(Event::new(
            Subject::Channel(id),
            Actor::System,
            Fact::ChannelFailing { channel: id, kind, code: code.to_owned() },
        ));
    }
    Ok(())
}
