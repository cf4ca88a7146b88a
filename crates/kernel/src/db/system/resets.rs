//! Password resets: a person is known by the secret of a link before any organisation is.

use chrono::{DateTime, Duration, Utc};
use sqlx::FromRow;

use crate::db::Db;
use crate::ids::{SessionId, UserId};

/// Whose password an open link changes.
#[derive(Clone, Debug, FromRow)]
pub struct ResetRow {
    /// The person.
    pub user_id: UserId,
    /// Lower case.
    pub email: String,
    /// As they wrote it.
    pub name: String,
}

/// Keeps a link for a person, unless they were sent `most` within the last hour; whether it was kept. Forgets links that ended
/// a day ago.
pub async fn add_reset(
    db: &Db,
    user: UserId,
    hash: &[u8],
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    most: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "with swept as (delete from password_resets where expires_at < $4 - interval '1 day') \
         insert into password_resets (token_hash, user_id, created_at, expires_at) select $1, $2, $4, $5 \
         where (select count(*) from password_resets where user_id = $2 and created_at > $3) < $6",
    )
    .bind(hash)
    .bind(user)
    .bind(now - Duration::hours(1))
    .bind(now)
    .bind(until)
    .bind(most)
    .execute(db.system_pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The person behind a link that is open.
pub async fn reset_by_token(db: &Db, hash: &[u8], now: DateTime<Utc>) -> Result<Option<ResetRow>, sqlx::Error> {
    sqlx::query_as(
        "select u.id as user_id, u.email, u.name from password_resets r join users u on u.id = r.user_id \
         where r.token_hash = $1 and r.used_at is null and r.expires_at > $2",
    )
    .bind(hash)
    .bind(now)
    .fetch_optional(db.system_pool())
    .await
}

/// Uses a link up: the person's password changes, their sessions end in every organisation and their other links stop working.
/// False when the link was used or ended meanwhile.
pub async fn use_reset(db: &Db, hash: &[u8], password: &str, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "with used as (update password_resets set used_at = $3 \
             where token_hash = $1 and used_at is null and expires_at > $3 returning user_id), \
           others as (update password_resets r set used_at = $3 from used \
             where r.user_id = used.user_id and r.used_at is null and r.token_hash <> $1), \
           ended as (update sessions s set revoked_at = $3 from used where s.user_id = used.user_id and s.revoked_at is null) \
         update users u set password_hash = $2 from used where u.id = used.user_id",
    )
    .bind(hash)
    .bind(password)
    .bind(now)
    .execute(db.system_pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Replaces a person's password hash and ends their sessions in every organisation, but for the one to keep. Links to reset the
/// old one stop working.
pub async fn set_password_hash(
    db: &Db,
    user: UserId,
    hash: &str,
    now: DateTime<Utc>,
    keep: Option<SessionId>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with ended as (update sessions set revoked_at = $3 \
             where user_id = $1 and revoked_at is null and id is distinct from $4), \
           links as (update password_resets set used_at = $3 where user_id = $1 and used_at is null) \
         update users set password_hash = $2 where id = $1",
    )
    .bind(user)
    .bind(hash)
    .bind(now)
    .bind(keep)
    .execute(db.system_pool())
    .await?;
    Ok(())
}

/// The hash a person's password is compared to.
pub async fn password_hash_of(db: &Db, user: UserId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select password_hash from users where id = $1")
        .bind(user)
        .fetch_optional(db.system_pool())
        .await
}

/// Gives a person another name.
pub async fn set_user_name(db: &Db, user: UserId, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update users set name = $2 where id = $1").bind(user).bind(name).execute(db.system_pool()).await?;
    Ok(())
}
