//! Organisations come into being outside any organisation.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::db::Db;
use crate::ids::OrgId;

/// Creates an organisation's row; its keys, owner and settings follow in its own transaction.
pub async fn create_organisation(db: &Db, id: OrgId, name: &str, created_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("insert into organisations (id, name, created_at) values ($1, $2, $3)")
        .bind(id)
        .bind(name)
        .bind(created_at)
        .execute(db.system_pool())
        .await?;
    Ok(())
}

/// Every organisation with its name, oldest first: for the operator.
pub async fn list_organisations(db: &Db) -> Result<Vec<(OrgId, String)>, sqlx::Error> {
    sqlx::query_as("select id, name from organisations where deleted_at is null order by id")
        .fetch_all(db.system_pool())
        .await
}

/// Whether an organisation exists and is not deleted.
pub async fn organisation_exists(db: &Db, id: OrgId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from organisations where id = $1 and deleted_at is null)")
        .bind(id)
        .fetch_one(db.system_pool())
        .await
}

/// An organisation that was deleted and is not erased yet.
#[derive(Clone, Debug, FromRow)]
pub struct DeletedOrganisation {
    /// The organisation.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// When its keys are destroyed and its rows removed.
    pub erase_at: DateTime<Utc>,
}

const DELETED: &str =
    "select id, name, erase_at from organisations where deleted_at is not null and erased_at is null ";

/// The deleted organisation behind a link that takes the deletion back.
pub async fn deleted_by_link(db: &Db, hash: &[u8]) -> Result<Option<DeletedOrganisation>, sqlx::Error> {
    let query = format!("{DELETED} and restore_hash = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(hash).fetch_optional(db.system_pool()).await
}

/// Every deleted organisation that can still be taken back, the next to be erased first.
pub async fn deleted_organisations(db: &Db) -> Result<Vec<DeletedOrganisation>, sqlx::Error> {
    let query = format!("{DELETED} and erase_at is not null order by erase_at, id");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(db.system_pool()).await
}

/// Destroys the data keys of an organisation whose grace period is over: what they sealed can never be read again, in no
/// backup either that lacks them. False when its time has not come, or it was taken back.
pub async fn destroy_keys(db: &Db, org: OrgId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let mut tx = db.system_pool().begin().await?;
    // The row is held, so that nobody takes the organisation back between the look and the deed.
    let due: Option<OrgId> = sqlx::query_scalar(
        "select id from organisations where id = $1 and deleted_at is not null and erase_at <= $2 and erased_at is null for update",
    )
    .bind(org)
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    if due.is_none() {
        return Ok(false);
    }
    sqlx::query("delete from org_keys where org_id = $1").bind(org).execute(&mut *tx).await?;
    sqlx::query("update organisations set restore_hash = null where id = $1").bind(org).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(true)
}

/// Organisations whose rows may hold in the open what is sealed today, because a former version wrote them. One without keys
/// is being removed.
pub async fn unsealed_organisations(db: &Db) -> Result<Vec<OrgId>, sqlx::Error> {
    sqlx::query_scalar(
        "select o.id from organisations o where o.sealed_at is null and exists (select from org_keys k where k.org_id = o.id) order by o.id",
    )
    .fetch_all(db.system_pool())
    .await
}

/// Notes that nothing of an organisation stands in the open any more.
pub async fn organisation_sealed(db: &Db, org: OrgId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update organisations set sealed_at = $2 where id = $1")
        .bind(org)
        .bind(now)
        .execute(db.system_pool())
        .await?;
    Ok(())
}

/// Removes the people who are members of this organisation alone.
pub async fn erase_people(db: &Db, org: OrgId) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "delete from users u using members m where m.org_id = $1 and m.user_id = u.id \
         and not exists (select from members o where o.user_id = u.id and o.org_id <> $1)",
    )
    .bind(org)
    .execute(db.system_pool())
    .await?;
    Ok(done.rows_affected())
}

/// Removes some rows of each table of an organisation whose time has come; says how many. Call it until it says none.
pub async fn erase_rows(db: &Db, org: OrgId, now: DateTime<Utc>, most: i32) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select recoup_erase_rows($1, $2, $3)")
        .bind(org)
        .bind(now)
        .bind(most)
        .fetch_one(db.system_pool())
        .await
}

/// Notes that nothing is left of an organisation but its id and its dates.
pub async fn organisation_erased(db: &Db, org: OrgId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update organisations set name = 'erased', erased_at = $2 where id = $1")
        .bind(org)
        .bind(now)
        .execute(db.system_pool())
        .await?;
    Ok(())
}
