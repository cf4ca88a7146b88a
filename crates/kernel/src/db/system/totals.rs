//! Counters that belong to no organisation: refused signatures, unknown accounts.

use crate::db::Db;

/// Adds to a named counter.
pub async fn count(db: &Db, name: &str, by: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into counters (name, value) values ($1, $2) \
         on conflict (name) do update set value = counters.value + excluded.value, updated_at = now()",
    )
    .bind(name)
    .bind(by)
    .execute(db.system_pool())
    .await?;
    Ok(())
}

/// Every counter.
pub async fn counters(db: &Db) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as("select name, value from counters order by name").fetch_all(db.system_pool()).await
}

/// Whether a schedule is due now; if so its next run is this process's.
pub async fn claim_schedule(db: &Db, name: &str, every: std::time::Duration) -> Result<bool, sqlx::Error> {
    let claimed = sqlx::query(
        "insert into schedules (name, last_run) values ($1, now()) \
         on conflict (name) do update set last_run = now() where schedules.last_run <= now() - make_interval(secs => $2)",
    )
    .bind(name)
    .bind(every.as_secs_f64())
    .execute(db.system_pool())
    .await?;
    Ok(claimed.rows_affected() == 1)
}
