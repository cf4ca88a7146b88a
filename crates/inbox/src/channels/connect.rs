//! Connecting an account with a token that the operator already has, or got through a consent dialog.

use kernel::audit::{self, AuditEntry};
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::db::OrgTx;
use kernel::ids::ChannelId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::OrgVault;

use super::store::token_place;

/// An account to connect.
#[derive(Clone, Debug)]
pub struct NewChannel {
    /// Its kind.
    pub kind: ChannelKind,
    /// What people call it.
    pub name: String,
    /// The platform's id of it.
    pub account_id: String,
    /// Its token.
    pub access_token: Secret,
    /// The token's secret (X with OAuth 1.0a).
    pub access_token_secret: Option<Secret>,
    /// The token that gets new ones (X with OAuth 2).
    pub refresh_token: Option<Secret>,
    /// When the token ends.
    pub expires_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Connects an account, or connects it again with a new token; the same account keeps its identity and conversations.
pub async fn connect(tx: &mut OrgTx, vault: &OrgVault, new: &NewChannel, actor: Actor) -> anyhow::Result<ChannelId> {
    let known: Option<ChannelId> =
        sqlx::query_scalar("select id from channels where org_id = $1 and kind = $2 and account_id = $3")
            .bind(tx.org())
            .bind(new.kind)
            .bind(&new.account_id)
            .fetch_optional(tx.conn())
            .await?;
    let id = known.unwrap_or_else(|| ChannelId::new(tx.clock()));
    let seal = |secret: &Option<Secret>, which: &str| {
        secret.as_ref().map(|secret| vault.seal_text(&token_place(id, which), secret.reveal())).transpose()
    };
    sqlx::query(
        "insert into channels (org_id, id, kind, name, account_id, token, token_secret, refresh_token, token_expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         on conflict (org_id, kind, account_id) do update set name = excluded.name, token = excluded.token, \
           token_secret = excluded.token_secret, refresh_token = excluded.refresh_token, token_expires_at = excluded.token_expires_at, \
           status = 'connected', last_error = null, last_error_at = null",
    )
    .bind(tx.org())
    .bind(id)
    .bind(new.kind)
    .bind(&new.name)
    .bind(&new.account_id)
    .bind(vault.seal_text(&token_place(id, "token"), new.access_token.reveal())?)
    .bind(seal(&new.access_token_secret, "token_secret")?)
    .bind(seal(&new.refresh_token, "refresh_token")?)
    .bind(new.expires_at)
    .execute(tx.conn())
    .await?;
    let detail = serde_json::json!({ "kind": new.kind, "account_id": new.account_id });
    audit::record(tx, AuditEntry::new(actor, "channel.connected").about(id).detail(detail)).await?;
    tx.append(Event::new(Subject::Channel(id), actor, Fact::ChannelConnected { channel: id, kind: new.kind }));
    Ok(id)
}
