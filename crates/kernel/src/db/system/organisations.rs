//! Organisations come into being outside any organisation.

use chrono::{DateTime, Utc};

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
