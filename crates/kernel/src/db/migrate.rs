//! Applies the migrations of the `migrations/` folder, as the owner named by the database URL.

use std::str::FromStr;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// Why a database could not be brought to the present schema. Nothing of the failed migration is kept.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database cannot be reached or refused a statement.
    #[error("the database cannot be used: {0}")]
    Connect(#[from] sqlx::Error),
    /// A migration failed; it was rolled back.
    #[error("a migration failed and was rolled back: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Brings the database to the newest schema; a second process waits for the first.
pub async fn migrate(url: &str) -> Result<(), MigrateError> {
    let mut connection = owner(url).await?;
    MIGRATOR.run(&mut connection).await?;
    Ok(())
}

/// The descriptions of migrations that this program has and the database has not.
pub async fn pending(url: &str) -> Result<Vec<String>, MigrateError> {
    let mut connection = owner(url).await?;
    connection.ensure_migrations_table(&MIGRATOR.table_name).await?;
    let applied = connection.list_applied_migrations(&MIGRATOR.table_name).await?;
    Ok(MIGRATOR
        .iter()
        .filter(|migration| applied.iter().all(|done| done.version != migration.version))
        .map(|migration| format!("{:04} {}", migration.version, migration.description))
        .collect())
}

/// Whether rows of a former version wait to be sealed: a migration has no keys to do it with.
pub async fn unsealed(url: &str) -> Result<bool, MigrateError> {
    let mut connection = owner(url).await?;
    sqlx::query("set role recoup_system").execute(&mut connection).await?;
    let waiting: bool = sqlx::query_scalar(
        "select exists (select from organisations o join org_keys k on k.org_id = o.id where o.sealed_at is null)",
    )
    .fetch_one(&mut connection)
    .await?;
    Ok(waiting)
}

async fn owner(url: &str) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::from_str(url)?.application_name("recoup migrate").connect().await
}
