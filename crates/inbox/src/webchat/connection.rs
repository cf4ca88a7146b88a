//! The web chat as a connected account: made on first use, connected again when a chat comes in after it was let go.

use kernel::audit::{self, AuditEntry};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::ChannelId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde_json::json;

/// Its id at the platform that we are ourselves: an organisation has one.
const ID: &str = "site";
/// What people call it, until they call it something else.
const NAME: &str = "Web chat";

/// The organisation's web chat, connected.
///
/// # Errors
/// When the database does not answer.
pub async fn account(tx: &mut OrgTx) -> Result<ChannelId, sqlx::Error> {
    if let Some(id) = connected(tx).await? {
        return Ok(id);
    }
    let made: Option<ChannelId> = sqlx::query_scalar(
        "insert into channels (org_id, id, kind, name, account_id) values ($1, $2, $3, $4, $5) \
         on conflict (org_id, kind, account_id) do update set status = 'connected', last_error = null, last_error_at = null \
           where channels.status <> 'connected' returning id",
    )
    .bind(tx.org())
    .bind(ChannelId::new(tx.clock()))
    .bind(ChannelKind::Webchat)
    .bind(NAME)
    .bind(ID)
    .fetch_optional(tx.conn())
    .await?;
    let Some(id) = made else {
        // Another chat made it a moment before.
        return connected(tx).await?.ok_or(sqlx::Error::RowNotFound);
    };
    let detail = json!({ "kind": ChannelKind::Webchat, "account_id": ID });
    audit::record(tx, AuditEntry::new(Actor::System, "channel.connected").about(id).detail(detail)).await?;
    let fact = Fact::ChannelConnected { channel: id, kind: ChannelKind::Webchat };
    tx.append(Event::new(Subject::Channel(id), Actor::System, fact));
    Ok(id)
}

async fn connected(tx: &mut OrgTx) -> Result<Option<ChannelId>, sqlx::Error> {
    sqlx::query_scalar(
        "select id from channels where org_id = $1 and kind = $2 and account_id = $3 and status = 'connected'",
    )
    .bind(tx.org())
    .bind(ChannelKind::Webchat)
    .bind(ID)
    .fetch_optional(tx.conn())
    .await
}
