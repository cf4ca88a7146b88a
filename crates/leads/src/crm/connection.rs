//! The connection's row: tokens sealed, opened only for the calls.

use chrono::{DateTime, Utc};
use kernel::config::Secret;
use kernel::db::OrgTx;
use kernel::ids::CrmId;
use kernel::vault::{OrgVault, VaultError};
use sqlx::types::Json;

use super::SYSTEM;
use super::mapping::Mapping;

/// A connected account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Connection {
    pub id: CrmId,
    /// HubSpot's id of the account.
    pub account_id: String,
    access_token: Vec<u8>,
    refresh_token: Option<Vec<u8>>,
    pub token_expires_at: Option<DateTime<Utc>>,
    pub mapping: Json<Mapping>,
    /// `connected`, `reauthorise`, `paused` or `disconnected`.
    pub status: String,
    pub last_error: Option<String>,
    pub last_synced_at: Option<DateTime<Utc>>,
}

/// What opens the door of the account.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub access: Secret,
    pub refresh: Option<Secret>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Connection {
    /// Opens the tokens for a purpose.
    pub(crate) fn keys(&self, vault: &OrgVault, purpose: &'static str) -> Result<Keys, VaultError> {
        let access = vault.open_secret(&place(self.id, "access_token"), &self.access_token, self.id, purpose)?;
        // A part of the same credential: its use is that of the access token.
        let refresh = self.refresh_token.as_deref();
        let refresh = refresh.map(|sealed| vault.open_text(&place(self.id, "refresh_token"), sealed).map(Secret::new));
        Ok(Keys { access, refresh: refresh.transpose()?, expires_at: self.token_expires_at })
    }

    /// Whether the account takes part in the sync.
    pub(crate) fn is_live(&self) -> bool {
        self.status == "connected"
    }

    /// Whether a new access token can be had without a person.
    pub(crate) fn refreshes(&self) -> bool {
        self.refresh_token.is_some()
    }
}

fn place(id: CrmId, what: &str) -> String {
    format!("crm_connections/{id}/{what}")
}

/// The organisation's connection, disconnected ones included.
pub(crate) async fn find(tx: &mut OrgTx) -> Result<Option<Connection>, sqlx::Error> {
    sqlx::query_as(
        "select id, account_id, access_token, refresh_token, token_expires_at, mapping, status, last_error, last_synced_at \
         from crm_connections where org_id = $1 and system = $2",
    )
    .bind(tx.org())
    .bind(SYSTEM)
    .fetch_optional(tx.conn())
    .await
}

/// Keeps a connection that works now.
pub(crate) async fn save(
    tx: &mut OrgTx,
    vault: &OrgVault,
    id: CrmId,
    account: &str,
    keys: &Keys,
    mapping: &Mapping,
) -> anyhow::Result<()> {
    let access = vault.seal_text(&place(id, "access_token"), keys.access.reveal())?;
    let refresh =
        keys.refresh.as_ref().map(|token| vault.seal_text(&place(id, "refresh_token"), token.reveal())).transpose()?;
    sqlx::query(
        "insert into crm_connections (org_id, id, system, account_id, access_token, refresh_token, token_expires_at, mapping) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (org_id, system) do update set account_id = excluded.account_id, \
         access_token = excluded.access_token, refresh_token = excluded.refresh_token, mapping = excluded.mapping, \
         token_expires_at = excluded.token_expires_at, status = 'connected', last_error = null",
    )
    .bind(tx.org())
    .bind(id)
    .bind(SYSTEM)
    .bind(account)
    .bind(access)
    .bind(refresh)
    .bind(keys.expires_at)
    .bind(Json(mapping))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Changes the mapping alone.
pub(crate) async fn save_mapping(tx: &mut OrgTx, mapping: &Mapping) -> Result<(), sqlx::Error> {
    sqlx::query("update crm_connections set mapping = $3 where org_id = $1 and system = $2")
        .bind(tx.org())
        .bind(SYSTEM)
        .bind(Json(mapping))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Sets the status with its reason.
pub(crate) async fn set_status(tx: &mut OrgTx, status: &str, reason: Option<&str>) -> Result<(), sqlx::Error> {
    sqlx::query("update crm_connections set status = $3, last_error = $4 where org_id = $1 and system = $2")
        .bind(tx.org())
        .bind(SYSTEM)
        .bind(status)
        .bind(reason)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Destroys the tokens; what the CRM holds of ours stays known, so that connecting again makes no doubles.
pub(crate) async fn let_go(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update crm_connections set status = 'disconnected', access_token = '', refresh_token = null, token_expires_at = null, \
         last_error = null where org_id = $1 and system = $2",
    )
    .bind(tx.org())
    .bind(SYSTEM)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Says that the access token is no longer to be used.
pub(crate) async fn expire(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    sqlx::query("update crm_connections set token_expires_at = 'epoch' where org_id = $1 and system = $2")
        .bind(tx.org())
        .bind(SYSTEM)
        .execute(tx.conn())
        .await?;
    Ok(())
}
