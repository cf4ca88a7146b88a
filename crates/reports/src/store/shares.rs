//! Links by which somebody outside reads a report.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ReportId, ShareId};
use kernel::ledger::Actor;
use sqlx::FromRow;

/// A link.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct ShareRow {
    pub id: ShareId,
    pub until: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub views: i32,
    pub viewed_at: Option<DateTime<Utc>>,
    pub by_actor: String,
    pub at: DateTime<Utc>,
}

macro_rules! columns {
    () => {
        "select id, until, revoked_at, views, viewed_at, by_actor, at from report_shares where org_id = $1 "
    };
}

pub(crate) async fn insert(
    tx: &mut OrgTx,
    report: ReportId,
    hash: &[u8],
    until: DateTime<Utc>,
    by: Actor,
) -> Result<ShareId, sqlx::Error> {
    let (id, at) = (ShareId::new(tx.clock()), tx.clock().now());
    sqlx::query(
        "insert into report_shares (org_id, id, report_id, token_hash, until, by_actor, at) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(report)
    .bind(hash)
    .bind(until)
    .bind(by.to_string())
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// The links of a report, newest first.
pub(crate) async fn of(tx: &mut OrgTx, report: ReportId) -> Result<Vec<ShareRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and report_id = $2 order by id desc limit 100"))
        .bind(tx.org())
        .bind(report)
        .fetch_all(tx.conn())
        .await
}

pub(crate) async fn find(tx: &mut OrgTx, report: ReportId, id: ShareId) -> Result<Option<ShareRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and report_id = $2 and id = $3"))
        .bind(tx.org())
        .bind(report)
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// Counts a view of an open link; the report it leads to, or none for a link that ended, was revoked or never was.
pub(crate) async fn view(tx: &mut OrgTx, hash: &[u8]) -> Result<Option<ReportId>, sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query_scalar(
        "update report_shares set views = views + 1, viewed_at = $3 \
         where org_id = $1 and token_hash = $2 and revoked_at is null and until > $3 \
           and exists (select from organisations o where o.id = $1 and o.deleted_at is null) returning report_id",
    )
    .bind(tx.org())
    .bind(hash)
    .bind(now)
    .fetch_optional(tx.conn())
    .await
}

/// Ends a link; whether it was open.
pub(crate) async fn revoke(tx: &mut OrgTx, report: ReportId, id: ShareId) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update report_shares set revoked_at = $4 where org_id = $1 and report_id = $2 and id = $3 and revoked_at is null",
    )
    .bind(tx.org())
    .bind(report)
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}
