//! Reports of one's own that were saved.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::DesignId;
use kernel::ledger::Actor;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::custom::ReportDesign;

/// The most of an organisation.
pub(crate) const MOST: i64 = 500;

/// A saved report.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct DesignRow {
    pub id: DesignId,
    pub name: String,
    pub design: Json<ReportDesign>,
    pub by_actor: String,
    pub updated_at: DateTime<Utc>,
}

macro_rules! columns {
    () => {
        "select id, name, design, by_actor, updated_at from report_designs where org_id = $1 "
    };
}

/// By name.
pub(crate) async fn all(tx: &mut OrgTx) -> Result<Vec<DesignRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "order by lower(name), id limit $2"))
        .bind(tx.org())
        .bind(MOST)
        .fetch_all(tx.conn())
        .await
}

pub(crate) async fn find(tx: &mut OrgTx, id: DesignId) -> Result<Option<DesignRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and id = $2")).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Saves a new one, or changes the one with the id; false when there is none of that id.
pub(crate) async fn save(
    tx: &mut OrgTx,
    id: DesignId,
    new: bool,
    (name, design): (&str, &ReportDesign),
    by: Actor,
) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let statement = if new {
        "insert into report_designs (org_id, id, name, design, by_actor, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)"
    } else {
        "update report_designs set name = $3, design = $4, by_actor = $5, updated_at = $6 where org_id = $1 and id = $2"
    };
    let done = sqlx::query(statement)
        .bind(tx.org())
        .bind(id)
        .bind(name)
        .bind(Json(design))
        .bind(by.to_string())
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes one, with its schedules; whether there was one.
pub(crate) async fn remove(tx: &mut OrgTx, id: DesignId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from report_designs where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
