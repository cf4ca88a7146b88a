//! What an organisation asks of its members' second factors.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ledger::Actor;
use sqlx::FromRow;

/// The rule of an organisation that asks everybody for a second factor.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct FactorRule {
    pub(crate) required_at: DateTime<Utc>,
    pub(crate) grace_days: i32,
    pub(crate) sso_too: bool,
}

/// The rule; none when nothing is asked.
pub(crate) async fn get(tx: &mut OrgTx) -> Result<Option<FactorRule>, sqlx::Error> {
    sqlx::query_as("select required_at, grace_days, sso_too from factor_rules where org_id = $1")
        .bind(tx.org())
        .fetch_optional(tx.conn())
        .await
}

/// Sets the rule. Its patience counts from when it was first set.
pub(crate) async fn set(tx: &mut OrgTx, grace_days: i32, sso_too: bool, by: Actor) -> Result<FactorRule, sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query_as(
        "insert into factor_rules as r (org_id, required_at, grace_days, sso_too, set_by) values ($1, $2, $3, $4, $5) \
         on conflict (org_id) do update set grace_days = $3, sso_too = $4, set_by = $5 \
         returning required_at, grace_days, sso_too",
    )
    .bind(tx.org())
    .bind(now)
    .bind(grace_days)
    .bind(sso_too)
    .bind(by.to_string())
    .fetch_one(tx.conn())
    .await
}

/// Asks for nothing any more.
pub(crate) async fn remove(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    sqlx::query("delete from factor_rules where org_id = $1").bind(tx.org()).execute(tx.conn()).await?;
    Ok(())
}
