//! What guards the doors of the whole installation: refused sign-ins by email, and the keys that sign access tokens.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::db::Db;

/// How refused sign-ins close a door for a while.
#[derive(Clone, Copy, Debug)]
pub struct DoorRule {
    /// Refusals that cost nothing.
    pub free: i32,
    /// Seconds of the first closing; each further refusal doubles it.
    pub first_s: f64,
    /// Seconds of the longest closing.
    pub longest_s: f64,
    /// Seconds of quiet after which counting starts again.
    pub forget_s: f64,
}

/// Until when sign-in for an email is closed, if it is. The email is a hash and need not belong to anybody.
pub async fn door_closed_until(
    db: &Db,
    email: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar("select closed_until from sign_in_refusals where email_hash = $1 and closed_until > $2")
        .bind(email)
        .bind(now)
        .fetch_optional(db.system_pool())
        .await
}

/// Counts a refused sign-in for an email and closes its door when there were too many.
pub async fn count_refusal(db: &Db, email: &[u8], now: DateTime<Utc>, rule: DoorRule) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sign_in_refusals as r (email_hash, count, at) values ($1, 1, $2) \
         on conflict (email_hash) do update set at = $2, \
         count = case when r.at < $2 - make_interval(secs => $6) then 1 else r.count + 1 end, \
         closed_until = case when r.at >= $2 - make_interval(secs => $6) and r.count + 1 >= $3 \
           then $2 + make_interval(secs => least($5, $4 * power(2, least(r.count + 1 - $3, 30)))) end",
    )
    .bind(email)
    .bind(now)
    .bind(rule.free)
    .bind(rule.first_s)
    .bind(rule.longest_s)
    .bind(rule.forget_s)
    .execute(db.system_pool())
    .await?;
    Ok(())
}

/// Opens an email's door after a right password. Says until when it stays closed, if refusals closed it meanwhile.
pub async fn open_door(db: &Db, email: &[u8], now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar(
        "with opened as (delete from sign_in_refusals \
           where email_hash = $1 and (closed_until is null or closed_until <= $2)) \
         select closed_until from sign_in_refusals where email_hash = $1 and closed_until > $2",
    )
    .bind(email)
    .bind(now)
    .fetch_optional(db.system_pool())
    .await
}

/// Forgets refusals before an instant.
pub async fn forget_refusals(db: &Db, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from sign_in_refusals where at < $1").bind(before).execute(db.system_pool()).await?;
    Ok(done.rows_affected())
}

/// A key that signs access tokens.
#[derive(Clone, FromRow)]
pub struct SigningKeyRow {
    /// Its name in a token's header.
    pub kid: String,
    /// The public half, 32 bytes.
    pub public_key: Vec<u8>,
    /// The private half, sealed with a master key.
    pub sealed: Vec<u8>,
    /// Which master key sealed it.
    pub master_key: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The signing keys made since an instant, newest first.
pub async fn signing_keys(db: &Db, since: DateTime<Utc>) -> Result<Vec<SigningKeyRow>, sqlx::Error> {
    sqlx::query_as(
        "select kid, public_key, sealed, master_key, created_at from signing_keys where created_at >= $1 \
         order by created_at desc, kid",
    )
    .bind(since)
    .fetch_all(db.system_pool())
    .await
}

/// Adds a signing key.
pub async fn add_signing_key(db: &Db, row: &SigningKeyRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into signing_keys (kid, public_key, sealed, master_key, created_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(&row.kid)
    .bind(&row.public_key)
    .bind(&row.sealed)
    .bind(&row.master_key)
    .bind(row.created_at)
    .execute(db.system_pool())
    .await?;
    Ok(())
}

/// Removes every signing key but one.
pub async fn retire_signing_keys(db: &Db, keep: &str) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from signing_keys where kid <> $1").bind(keep).execute(db.system_pool()).await?;
    Ok(done.rows_affected())
}
