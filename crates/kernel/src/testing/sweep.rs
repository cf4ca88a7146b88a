//! Removes databases that killed tests left behind, and templates of old schemas.

use std::path::Path;

use sqlx::{AssertSqlSafe, PgConnection};

/// Leftovers below this are not worth a look.
const ENOUGH: i64 = 64;
/// Builds with different migrations may run side by side.
const TEMPLATES_KEPT: usize = 4;

/// Sweeps when there is enough to sweep and nobody else is at it. A database in use survives: `drop` refuses.
pub(super) async fn sweep(admin: &mut PgConnection) -> Result<(), sqlx::Error> {
    let count: i64 = sqlx::query_scalar(r"select count(*) from pg_database where datname like 'test\_%'")
        .fetch_one(&mut *admin)
        .await?;
    if count < ENOUGH || !sqlx::query_scalar::<_, bool>("select pg_try_advisory_lock(2)").fetch_one(&mut *admin).await?
    {
        return Ok(());
    }
    let names: Vec<String> = sqlx::query_scalar(r"select datname from pg_database where datname like 'test\_%'")
        .fetch_all(&mut *admin)
        .await?;
    let templates: Vec<String> =
        sqlx::query_scalar(r"select datname from pg_database where datname like 'template\_%' order by oid desc")
            .fetch_all(&mut *admin)
            .await?;
    let left = names.into_iter().filter(|name| !maker_lives(name));
    for name in left.chain(templates.into_iter().skip(TEMPLATES_KEPT)) {
        match sqlx::query(AssertSqlSafe(format!("drop database if exists {name}"))).execute(&mut *admin).await {
            Ok(_) | Err(sqlx::Error::Database(_)) => {}
            Err(error) => return Err(error),
        }
    }
    sqlx::query("select pg_advisory_unlock(2)").execute(admin).await.map(drop)
}

/// Databases are called `test_<process>_<count>`. Where processes cannot be seen, everyone lives.
fn maker_lives(name: &str) -> bool {
    let process = name.split('_').nth(1).unwrap_or_default();
    !Path::new("/proc/self").exists() || Path::new("/proc").join(process).exists()
}

#[cfg(test)]
mod tests {
    use super::maker_lives;

    #[test]
    fn a_database_belongs_to_its_process() {
        assert!(maker_lives(&format!("test_{}_7", std::process::id())));
        assert!(!maker_lives("test_4999999_7"));
    }
}
