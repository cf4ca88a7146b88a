//! People on their way to a provider and back: each row is taken once.

use chrono::Duration;
use kernel::db::OrgTx;
use kernel::ids::SsoId;
use serde_json::Value;
use sqlx::FromRow;

use crate::secrets;

/// What was kept when somebody was sent to a provider.
#[derive(Debug, FromRow)]
pub(crate) struct Attempt {
    /// SHA-256 of the cookie of the browser that began.
    pub(crate) browser_hash: Vec<u8>,
    /// What the connection's kind compares on the way back.
    pub(crate) kept: Value,
}

/// Keeps an attempt under its state, and sweeps those of the organisation that ended.
pub(crate) async fn add(
    tx: &mut OrgTx,
    connection: SsoId,
    (state, browser): (&str, &str),
    kept: &Value,
    lasts: Duration,
) -> Result<(), sqlx::Error> {
    pass_on(tx, connection, (state, &secrets::hash(browser)), kept, lasts).await
}

/// The same for the browser of an attempt that was taken: its next step.
pub(crate) async fn pass_on(
    tx: &mut OrgTx,
    connection: SsoId,
    (state, browser_hash): (&str, &[u8]),
    kept: &Value,
    lasts: Duration,
) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "with swept as (delete from sso_attempts where org_id = $1 and expires_at < $6) \
         insert into sso_attempts (org_id, state_hash, connection_id, browser_hash, kept, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.org())
    .bind(secrets::hash(state))
    .bind(connection)
    .bind(browser_hash)
    .bind(kept)
    .bind(now)
    .bind(now + lasts)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes an attempt: whoever asks first has it, and only before it ends.
pub(crate) async fn take(tx: &mut OrgTx, connection: SsoId, state: &str) -> Result<Option<Attempt>, sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query_as(
        "delete from sso_attempts where org_id = $1 and state_hash = $2 and connection_id = $3 and expires_at > $4 \
         returning browser_hash, kept",
    )
    .bind(tx.org())
    .bind(secrets::hash(state))
    .bind(connection)
    .bind(now)
    .fetch_optional(tx.conn())
    .await
}
