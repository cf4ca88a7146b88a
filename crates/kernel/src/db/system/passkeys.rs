//! Passkeys and the challenges given to authenticators: looked up before anybody is signed in. Rules as in `factors`.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::db::{Db, OrgTx};
use crate::ids::{PasskeyId, UserId};

/// A passkey.
#[derive(Clone, FromRow)]
pub struct PasskeyRow {
    /// Our id.
    pub id: PasskeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// The authenticator's id of it.
    pub credential_id: Vec<u8>,
    /// The `COSE_Key`.
    pub public_key: Vec<u8>,
    /// The highest count of uses it reported; 0 when it does not count.
    pub sign_count: i64,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
    /// Whether it has been.
    pub backed_up: bool,
    /// How a browser reaches the authenticator: `internal`, `usb`, ….
    pub transports: Vec<String>,
    /// What its owner calls it.
    pub name: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

const PASSKEY: &str = "select id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up, transports, \
     name, created_at, last_used_at from passkeys where ";

/// A person's passkeys, oldest first.
pub async fn passkeys_of(db: &Db, user: UserId) -> Result<Vec<PasskeyRow>, sqlx::Error> {
    let query = format!("{PASSKEY} user_id = $1 order by created_at, id");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(user).fetch_all(db.system_pool()).await
}

/// The passkey with an authenticator's id.
pub async fn passkey_by_credential(db: &Db, credential: &[u8]) -> Result<Option<PasskeyRow>, sqlx::Error> {
    let query = format!("{PASSKEY} credential_id = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(credential).fetch_optional(db.system_pool()).await
}

/// Adds a passkey; false when its authenticator's id is known already, or the person has `most` of them.
pub async fn add_passkey(tx: &mut OrgTx, row: &PasskeyRow, most: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into passkeys (id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up, transports, \
         name, created_at) select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 \
         where (select count(*) from passkeys where user_id = $2) < $11 on conflict on constraint passkeys_once do nothing",
    )
    .bind(row.id)
    .bind(row.user_id)
    .bind(&row.credential_id)
    .bind(&row.public_key)
    .bind(row.sign_count)
    .bind(row.backup_eligible)
    .bind(row.backed_up)
    .bind(&row.transports)
    .bind(&row.name)
    .bind(row.created_at)
    .bind(most)
    .execute(tx.narrow().await?)
    .await?;
    tx.tenant().await?;
    Ok(done.rows_affected() == 1)
}

/// Notes the use of a passkey; false when its count of uses did not grow: there is a copy of it.
pub async fn use_passkey(
    db: &Db,
    id: PasskeyId,
    (count, backed_up): (i64, bool),
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update passkeys set sign_count = $2, backed_up = $3, last_used_at = $4 \
         where id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0))",
    )
    .bind(id)
    .bind(count)
    .bind(backed_up)
    .bind(now)
    .execute(db.system_pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a person's passkey another name; false when they have no such passkey.
pub async fn rename_passkey(db: &Db, user: UserId, id: PasskeyId, name: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("update passkeys set name = $3 where user_id = $1 and id = $2")
        .bind(user)
        .bind(id)
        .bind(name)
        .execute(db.system_pool())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a person's passkey; false when they have no such passkey.
pub async fn remove_passkey(tx: &mut OrgTx, user: UserId, id: PasskeyId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from passkeys where user_id = $1 and id = $2")
        .bind(user)
        .bind(id)
        .execute(tx.narrow().await?)
        .await?;
    tx.tenant().await?;
    Ok(done.rows_affected() == 1)
}

/// Notes a challenge given to an authenticator, and forgets those that ended.
pub async fn add_challenge(
    db: &Db,
    challenge: &[u8],
    (purpose, user): (&str, Option<UserId>),
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with swept as (delete from passkey_challenges where expires_at < $4) \
         insert into passkey_challenges (challenge_hash, purpose, user_id, created_at, expires_at) \
         values ($1, $2, $3, $4, $5)",
    )
    .bind(challenge)
    .bind(purpose)
    .bind(user)
    .bind(now)
    .bind(until)
    .execute(db.system_pool())
    .await?;
    Ok(())
}

/// Takes a challenge: true for the first request that brings it in time, for what and by whom it was made for.
pub async fn take_challenge(
    db: &Db,
    challenge: &[u8],
    (purpose, user): (&str, Option<UserId>),
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "delete from passkey_challenges where challenge_hash = $1 and purpose = $2 and user_id is not distinct from $3 \
         and expires_at > $4",
    )
    .bind(challenge)
    .bind(purpose)
    .bind(user)
    .bind(now)
    .execute(db.system_pool())
    .await?;
    Ok(done.rows_affected() == 1)
}
