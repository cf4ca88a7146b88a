//! Looking for a person in what the installation keeps for every organisation at once.

use crate::db::Db;

/// The rows of every table that belongs to no organisation and that the narrow role may read, as JSON, with the table's name.
/// Keys are left out: nothing of them reads.
pub async fn common_rows(db: &Db) -> Result<Vec<(String, String)>, sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' \
         and not c.relispartition and c.relname not in ('signing_keys', 'organisations') and has_table_privilege(c.oid, 'select') \
         and not exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped) \
         order by 1",
    )
    .fetch_all(db.system_pool())
    .await?;
    let mut found = Vec::new();
    for table in tables {
        let sql = format!("select row_to_json(t)::text from \"{table}\" t");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(db.system_pool()).await?;
        found.extend(rows.into_iter().map(|row| (table.clone(), row)));
    }
    Ok(found)
}
