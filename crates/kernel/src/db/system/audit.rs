//! The audit logs of all organisations: which have grown since they were signed, the keys that sign, and cutting off what is
//! older than it must be kept.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::db::Db;
use crate::ids::OrgId;

/// A key that signs checkpoints of audit logs.
#[derive(Clone, FromRow)]
pub struct AuditKeyRow {
    /// Its name: the first 16 bytes of the SHA-256 of the public half, hexadecimal.
    pub kid: String,
    /// The public half, 32 bytes.
    pub public_key: Vec<u8>,
    /// The private half, sealed for the installation.
    pub sealed: Vec<u8>,
    /// What sealed it.
    pub master_key: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A signed statement that an audit log begins after a place.
pub struct AnchorRow {
    /// The last place that was removed.
    pub seq: i64,
    /// The hash there.
    pub hash: Vec<u8>,
    /// When it was signed.
    pub at: DateTime<Utc>,
    /// By which key.
    pub kid: String,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Every key that ever signed a checkpoint, oldest first.
pub async fn audit_keys(db: &Db) -> Result<Vec<AuditKeyRow>, sqlx::Error> {
    sqlx::query_as("select kid, public_key, sealed, master_key, created_at from audit_keys order by created_at, kid")
        .fetch_all(db.system_pool())
        .await
}

/// Adds a key that signs checkpoints.
pub async fn add_audit_key(db: &Db, row: &AuditKeyRow) -> Result<(), sqlx::Error> {
    sqlx::query("insert into audit_keys (kid, public_key, sealed, master_key, created_at) values ($1, $2, $3, $4, $5)")
        .bind(&row.kid)
        .bind(&row.public_key)
        .bind(&row.sealed)
        .bind(&row.master_key)
        .bind(row.created_at)
        .execute(db.system_pool())
        .await?;
    Ok(())
}

/// The organisations whose audit log has grown since it was last signed.
pub async fn unsigned_audit_logs(db: &Db) -> Result<Vec<OrgId>, sqlx::Error> {
    sqlx::query_scalar(
        "select h.org_id from audit_heads h where h.seq > coalesce((select max(c.seq) from audit_checkpoints c \
         where c.org_id = h.org_id and c.kind = 'head'), 0) order by h.org_id",
    )
    .fetch_all(db.system_pool())
    .await
}

/// Removes the rows of an audit log up to the anchor, which takes their place. Nothing is removed when fewer rows may go
/// than `expected`: the database keeps rows younger than seven years, whoever asks.
pub async fn prune_audit_log(db: &Db, org: OrgId, anchor: &AnchorRow, expected: u64) -> Result<bool, sqlx::Error> {
    let mut tx = db.system_pool().begin().await?;
    // Seven years of rows may take longer than a request may.
    sqlx::query("set local statement_timeout = 0").execute(&mut *tx).await?;
    sqlx::query(
        "insert into audit_checkpoints (org_id, kind, seq, hash, at, kid, signature) \
         values ($1, 'anchor', $2, $3, $4, $5, $6)",
    )
    .bind(org)
    .bind(anchor.seq)
    .bind(&anchor.hash)
    .bind(anchor.at)
    .bind(&anchor.kid)
    .bind(&anchor.signature)
    .execute(&mut *tx)
    .await?;
    let gone = sqlx::query("delete from audit_log where org_id = $1 and seq <= $2")
        .bind(org)
        .bind(anchor.seq)
        .execute(&mut *tx)
        .await?;
    if gone.rows_affected() != expected {
        tx.rollback().await?;
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}
