//! The one result that an organisation took over.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::MaturityId;
use kernel::ledger::Actor;
use sqlx::types::Json;

use crate::audit::model::{Answers, Config};

/// Answers as they were given, with the questions as they were asked.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The audit they are a copy of.
    pub audit: MaturityId,
    /// The version of the questions on the site.
    pub config_version: i32,
    pub config: Config,
    pub answers: Answers,
    /// When the audit was handed in.
    pub done_at: DateTime<Utc>,
    pub taken_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    audit_id: MaturityId,
    config_version: i32,
    config: Json<Config>,
    answers: Json<Answers>,
    done_at: DateTime<Utc>,
    taken_at: DateTime<Utc>,
}

impl From<Row> for Kept {
    fn from(Row { audit_id, config_version, config, answers, done_at, taken_at }: Row) -> Self {
        Self { audit: audit_id, config_version, config: config.0, answers: answers.0, done_at, taken_at }
    }
}

/// What the organisation took over, if it did.
pub(super) async fn find(tx: &mut OrgTx) -> Result<Option<Kept>, sqlx::Error> {
    let org = tx.org();
    let row: Option<Row> = sqlx::query_as(
        "select audit_id, config_version, config, answers, done_at, taken_at from maturity_results where org_id = $1",
    )
    .bind(org)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Kept::from))
}

/// Keeps a result in place of the one before.
pub(super) async fn keep(tx: &mut OrgTx, taken: &Kept, by: Actor) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query(
        "insert into maturity_results (org_id, audit_id, config_version, config, answers, done_at, taken_by, taken_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (org_id) do update set audit_id = $2, config_version = $3, \
         config = $4, answers = $5, done_at = $6, taken_by = $7, taken_at = $8",
    )
    .bind(org)
    .bind(taken.audit)
    .bind(taken.config_version)
    .bind(Json(&taken.config))
    .bind(Json(&taken.answers))
    .bind(taken.done_at)
    .bind(by.to_string())
    .bind(taken.taken_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets it: which one it was.
pub(super) async fn remove(tx: &mut OrgTx) -> Result<Option<MaturityId>, sqlx::Error> {
    let org = tx.org();
    sqlx::query_scalar("delete from maturity_results where org_id = $1 returning audit_id")
        .bind(org)
        .fetch_optional(tx.conn())
        .await
}
