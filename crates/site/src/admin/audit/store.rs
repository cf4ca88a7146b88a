//! Versions of the audit, for the desk.

use chrono::{DateTime, Utc};
use kernel::db::{OrgTx, site_token};
use kernel::ledger::Actor;
use shell::AppError;
use sqlx::types::Json;

use crate::audit::config;
use crate::audit::model::Config;

/// The most versions that are listed.
const MOST: i64 = 100;

/// A version.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Version {
    pub number: i32,
    pub state: String,
    pub by_actor: String,
    pub created_at: DateTime<Utc>,
    pub published_at: Option<DateTime<Utc>>,
    pub preview_hash: Option<String>,
}

/// Versions that were kept, the newest first.
pub(super) async fn all(tx: &mut OrgTx) -> Result<Vec<Version>, sqlx::Error> {
    sqlx::query_as(
        "select version as number, state, by_actor, created_at, published_at, preview_hash from site_audit_versions \
         where org_id = $1 order by version desc limit $2",
    )
    .bind(tx.org())
    .bind(MOST)
    .fetch_all(tx.conn())
    .await
}

/// The draft, which nobody else changes until the transaction ends.
pub(super) async fn held(tx: &mut OrgTx) -> Result<Option<(i32, Config)>, sqlx::Error> {
    let row: Option<(i32, Json<Config>)> = sqlx::query_as(
        "select version, config from site_audit_versions where org_id = $1 and state = 'draft' for update",
    )
    .bind(tx.org())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(version, config)| (version, config.0)))
}

/// The draft, made from what is asked now where there is none.
pub(super) async fn opened(tx: &mut OrgTx, by: Actor) -> Result<(i32, Config), AppError> {
    if let Some(draft) = held(tx).await? {
        return Ok(draft);
    }
    let (_, config) = config::current(tx).await?;
    Ok((begin(tx, &config, by).await?, (*config).clone()))
}

/// Makes a draft.
///
/// # Errors
/// 409 where there is one.
pub(super) async fn begin(tx: &mut OrgTx, config: &Config, by: Actor) -> Result<i32, AppError> {
    let (org, now) = (tx.org(), tx.clock().now());
    let made = sqlx::query_scalar(
        "insert into site_audit_versions (org_id, version, state, config, by_actor, created_at) \
         select $1, coalesce(max(version), 0) + 1, 'draft', $2, $3, $4 from site_audit_versions where org_id = $1 \
         returning version",
    )
    .bind(org)
    .bind(Json(config))
    .bind(by.to_string())
    .bind(now)
    .fetch_one(tx.conn())
    .await;
    made.map_err(|error| match error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) {
        Some("site_audit_drafts" | "site_audit_versions_pkey") => {
            AppError::conflict("there is a draft already; publish it or throw it away first")
        }
        _ => error.into(),
    })
}

/// Writes a draft down.
pub(super) async fn keep(tx: &mut OrgTx, version: i32, config: &Config, by: Actor) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query(
        "update site_audit_versions set config = $3, by_actor = $4 where org_id = $1 and version = $2 and state = 'draft'",
    )
    .bind(org)
    .bind(version)
    .bind(Json(config))
    .bind(by.to_string())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lets whoever has the token see the draft.
pub(super) async fn allow(tx: &mut OrgTx, version: i32, token: &str) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query(
        "update site_audit_versions set preview_hash = $3 where org_id = $1 and version = $2 and state = 'draft'",
    )
    .bind(org)
    .bind(version)
    .bind(site_token(token))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Publishes a draft: new audits are begun with it.
pub(super) async fn publish(tx: &mut OrgTx, version: i32, by: Actor) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "update site_audit_versions set state = 'published', published_at = $3, by_actor = $4, preview_hash = null \
         where org_id = $1 and version = $2 and state = 'draft'",
    )
    .bind(org)
    .bind(version)
    .bind(now)
    .bind(by.to_string())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Throws the draft away; its version, where there was one.
pub(super) async fn discard(tx: &mut OrgTx) -> Result<Option<i32>, sqlx::Error> {
    let org = tx.org();
    sqlx::query_scalar("delete from site_audit_versions where org_id = $1 and state = 'draft' returning version")
        .bind(org)
        .fetch_optional(tx.conn())
        .await
}
