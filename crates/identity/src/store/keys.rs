//! API keys.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{KeyId, UserId};
use kernel::ledger::Actor;
use shell::Permissions;
use sqlx::FromRow;

/// An API key as lists show it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct ApiKey {
    pub(crate) id: KeyId,
    pub(crate) name: String,
    pub(crate) start: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) maker: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    pub(crate) last_used_ip: String,
    pub(crate) allow_from: Vec<String>,
    /// The key that takes over, when this one was rotated.
    pub(crate) successor: Option<KeyId>,
    /// None when the operator made it.
    pub(crate) made_by: Option<UserId>,
}

/// A key about to be made.
pub(crate) struct NewKey<'a> {
    pub(crate) name: &'a str,
    pub(crate) start: &'a str,
    pub(crate) hash: Vec<u8>,
    pub(crate) scopes: Permissions,
    pub(crate) made_by: Option<UserId>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) allow_from: Vec<String>,
}

/// What every reading of a key gives; `k` is the key and `u` its maker.
const COLUMNS: &str = "k.id, k.name, k.start, k.scopes, u.name as maker, k.created_at, k.expires_at, k.last_used_at, \
     k.last_used_ip, k.allow_from, k.successor, k.made_by";

/// The keys that are not revoked, newest first.
pub(crate) async fn list(tx: &mut OrgTx, before: Option<KeyId>, limit: i64) -> Result<Vec<ApiKey>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from api_keys k left join users u on u.id = k.made_by \
         where k.org_id = $1 and k.revoked_at is null and ($2::uuid is null or k.id < $2) order by k.id desc limit $3"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(before).bind(limit).fetch_all(tx.conn()).await
}

/// A key that is not revoked, locked until the end of the transaction.
pub(crate) async fn lock(tx: &mut OrgTx, id: KeyId) -> Result<Option<ApiKey>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from api_keys k left join users u on u.id = k.made_by \
         where k.org_id = $1 and k.id = $2 and k.revoked_at is null for update of k"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Lets another key take over: the old one ends at an instant.
pub(crate) async fn succeed(tx: &mut OrgTx, old: KeyId, new: KeyId, ends_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update api_keys set successor = $3, expires_at = $4 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(old)
        .bind(new)
        .bind(ends_at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn add(tx: &mut OrgTx, new: NewKey<'_>) -> Result<ApiKey, sqlx::Error> {
    let (id, now) = (KeyId::new(tx.clock()), tx.clock().now());
    let scopes: Vec<String> = new.scopes.iter().map(|permission| permission.to_string()).collect();
    let query = format!(
        "with k as (insert into api_keys \
         (org_id, id, name, start, key_hash, scopes, made_by, created_at, expires_at, allow_from) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning *) \
         select {COLUMNS} from k left join users u on u.id = k.made_by"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(id)
        .bind(new.name)
        .bind(new.start)
        .bind(new.hash)
        .bind(scopes)
        .bind(new.made_by)
        .bind(now)
        .bind(new.expires_at)
        .bind(new.allow_from)
        .fetch_one(tx.conn())
        .await
}

/// Ends a key and gives its name; none when there is no such key.
pub(crate) async fn revoke(tx: &mut OrgTx, id: KeyId) -> Result<Option<String>, sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query_scalar(
        "update api_keys set revoked_at = $3 where org_id = $1 and id = $2 and revoked_at is null returning name",
    )
    .bind(tx.org())
    .bind(id)
    .bind(now)
    .fetch_optional(tx.conn())
    .await
}

/// Whether a key was made by somebody who is an owner today, or by the operator.
pub(crate) async fn is_an_owners(tx: &mut OrgTx, by: Actor) -> Result<bool, sqlx::Error> {
    let Actor::Key(key) = by else { return Ok(false) };
    let found: Option<bool> = sqlx::query_scalar(
        "select k.made_by is null or coalesce(m.role = 'owner', false) from api_keys k \
         left join members m on m.org_id = k.org_id and m.user_id = k.made_by where k.org_id = $1 and k.id = $2",
    )
    .bind(tx.org())
    .bind(key)
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.unwrap_or(false))
}
