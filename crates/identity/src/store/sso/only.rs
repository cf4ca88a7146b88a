//! Whether people on verified domains sign in by their provider only.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{SessionId, UserId};
use shell::{AppError, Role};

/// Since when, and who said so; none while every way in is open.
pub(crate) async fn since(tx: &mut OrgTx) -> Result<Option<(DateTime<Utc>, String)>, sqlx::Error> {
    sqlx::query_as("select since, set_by from sso_only where org_id = $1")
        .bind(tx.org())
        .fetch_optional(tx.conn())
        .await
}

/// Closes every other way in; false when it was closed already.
pub(crate) async fn set(tx: &mut OrgTx, by: &str) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query("insert into sso_only (org_id, since, set_by) values ($1, $2, $3) on conflict do nothing")
        .bind(tx.org())
        .bind(now)
        .bind(by)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Opens the other ways again; false when they were open.
pub(crate) async fn unset(tx: &mut OrgTx) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from sso_only where org_id = $1").bind(tx.org()).execute(tx.conn()).await?;
    Ok(done.rows_affected() == 1)
}

/// The role of a member whom the switch concerns; none while it is off or their domain is not verified.
pub(crate) async fn concerns(tx: &mut OrgTx, user: UserId) -> Result<Option<Role>, AppError> {
    let role: Option<String> = sqlx::query_scalar(
        "select m.role from members m join users u on u.id = m.user_id join sso_only x on x.org_id = m.org_id \
         join sso_domains d on d.org_id = m.org_id and d.domain = split_part(u.email, '@', 2) and d.verified_at is not null \
         where m.org_id = $1 and m.user_id = $2",
    )
    .bind(tx.org())
    .bind(user)
    .fetch_optional(tx.conn())
    .await?;
    role.map(|word| word.parse().map_err(AppError::internal)).transpose()
}

/// Ends the sessions that the switch would not have let begin, but for the one that switches.
pub(crate) async fn end_others(tx: &mut OrgTx, kept: Option<SessionId>) -> Result<u64, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update sessions s set revoked_at = $2 from members m, users u, sso_domains d \
         where s.org_id = $1 and s.revoked_at is null and s.sso_connection is null and s.id is distinct from $3 \
           and m.org_id = s.org_id and m.user_id = s.user_id and m.role <> 'owner' and u.id = s.user_id \
           and d.org_id = s.org_id and d.domain = split_part(u.email, '@', 2) and d.verified_at is not null",
    )
    .bind(tx.org())
    .bind(now)
    .bind(kept)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
