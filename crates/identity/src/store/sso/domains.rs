//! Email domains and whether the organisation proved that they are its own.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use sqlx::FromRow;

/// A domain the organisation claims.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Domain {
    #[sqlx(rename = "domain")]
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) verified_at: Option<DateTime<Utc>>,
    pub(crate) verified_by: Option<String>,
}

const COLUMNS: &str = "domain, token, created_at, verified_at, verified_by";

/// All domains of the organisation, by name.
pub(crate) async fn list(tx: &mut OrgTx) -> Result<Vec<Domain>, sqlx::Error> {
    let query = format!("select {COLUMNS} from sso_domains where org_id = $1 order by domain");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).fetch_all(tx.conn()).await
}

/// One domain.
pub(crate) async fn find(tx: &mut OrgTx, domain: &str) -> Result<Option<Domain>, sqlx::Error> {
    let query = format!("select {COLUMNS} from sso_domains where org_id = $1 and domain = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(domain).fetch_optional(tx.conn()).await
}

/// Claims a domain; one that is claimed already keeps its token. Returns whether it is new.
pub(crate) async fn claim(tx: &mut OrgTx, domain: &str, token: &str) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "insert into sso_domains (org_id, domain, token, created_at) values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(domain)
    .bind(token)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a domain was proved, and how; false when it was already, or is not claimed.
pub(crate) async fn verify(tx: &mut OrgTx, domain: &str, by: &str) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update sso_domains set verified_at = $3, verified_by = $4 \
         where org_id = $1 and domain = $2 and verified_at is null",
    )
    .bind(tx.org())
    .bind(domain)
    .bind(now)
    .bind(by)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the organisation proved that the domain is its own.
pub(crate) async fn is_verified(tx: &mut OrgTx, domain: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from sso_domains where org_id = $1 and domain = $2 and verified_at is not null)",
    )
    .bind(tx.org())
    .bind(domain)
    .fetch_one(tx.conn())
    .await
}

/// Gives a domain up; false when it was not claimed.
pub(crate) async fn remove(tx: &mut OrgTx, domain: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from sso_domains where org_id = $1 and domain = $2")
        .bind(tx.org())
        .bind(domain)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
