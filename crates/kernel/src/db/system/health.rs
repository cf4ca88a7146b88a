//! The installation's health, for the operator: workers, followers, the ledger's partitions, the safety of the tables.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::db::Db;

/// A process that works off the queue.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct WorkerRow {
    /// What it does, separated by commas.
    pub roles: String,
    /// The machine it runs on.
    pub host: String,
    /// Since when.
    pub started_at: DateTime<Utc>,
    /// When it last gave a sign of life.
    pub seen_at: DateTime<Utc>,
}

/// Every worker that is signed on, oldest first.
pub async fn workers(db: &Db) -> Result<Vec<WorkerRow>, sqlx::Error> {
    sqlx::query_as("select roles, host, started_at, seen_at from workers order by started_at")
        .fetch_all(db.system_pool())
        .await
}

/// A view kept from the ledger.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct FollowerRow {
    /// Its name.
    pub name: String,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
    /// Failures in a row at the present event.
    pub failures: i32,
    /// The last of them.
    pub last_error: Option<String>,
    /// Whether there are events it has not read.
    pub behind: bool,
}

/// Every follower with how it stands.
pub async fn followers(db: &Db) -> Result<Vec<FollowerRow>, sqlx::Error> {
    sqlx::query_as(
        "select f.name, f.updated_at, f.failures, f.last_error, exists (select 1 from events e \
           where (e.xact_id, e.id) > (f.xact_id, f.event_id) and e.xact_id < pg_snapshot_xmin(pg_current_snapshot())) as behind \
         from followers f order by f.name",
    )
    .fetch_all(db.system_pool())
    .await
}

/// Tables with an organisation in them that lack forced row-level security or the tenant policy; empty when all is well.
pub async fn unprotected_tables(db: &Db) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where n.nspname = 'public' and c.relkind in ('r', 'p') \
           and exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped) \
           and not (c.relrowsecurity and c.relforcerowsecurity \
             and (c.relispartition or exists (select 1 from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant'))) \
         order by 1",
    )
    .fetch_all(db.system_pool())
    .await
}

/// What the database says of the three roles: the role in force on each pool, and whether it could step around row-level security.
pub async fn roles(db: &Db) -> Result<Vec<(String, bool)>, sqlx::Error> {
    let query =
        "select current_user::text, (select rolsuper or rolbypassrls from pg_roles where rolname = current_user)";
    let app = sqlx::query_as(query).fetch_one(db.app_pool()).await?;
    let system = sqlx::query_as(query).fetch_one(db.system_pool()).await?;
    let site = sqlx::query_as(query).fetch_one(db.site_pool()).await?;
    Ok(vec![app, system, site])
}

/// Makes the ledger's partitions of this and the next months, so that none is missing when a month begins.
pub async fn prepare_event_months(db: &Db, ahead: i32) -> Result<(), sqlx::Error> {
    sqlx::query("select recoup_event_month((now() + (n || ' month')::interval)::date) from generate_series(0, $1) n")
        .bind(ahead)
        .execute(db.system_pool())
        .await?;
    Ok(())
}
