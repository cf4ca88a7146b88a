//! Audits in the database. A visitor reaches the one whose token they carry; the desk and the workers reach all of the organisation's.

use chrono::{DateTime, Utc};
use kernel::db::{OrgTx, site_token};
use kernel::ids::{InquiryId, MaturityId};
use serde_json::Value;
use sqlx::types::Json;

use super::model::{Answers, Outcome};

/// An audit, begun or handed in.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    pub id: MaturityId,
    pub config_version: i32,
    /// The first page that is not answered yet, from 1.
    pub step: i16,
    pub answers: Answers,
    /// Once it was handed in.
    pub outcome: Option<Outcome>,
    /// The recommendations in a model's words.
    pub words: Option<Value>,
    pub done_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: MaturityId,
    config_version: i32,
    step: i16,
    answers: Json<Answers>,
    result: Option<Json<Outcome>>,
    words: Option<Json<Value>>,
    done_at: Option<DateTime<Utc>>,
}

impl From<Row> for Audit {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            config_version: row.config_version,
            step: row.step,
            answers: row.answers.0,
            outcome: row.result.map(|result| result.0),
            words: row.words.map(|words| words.0),
            done_at: row.done_at,
        }
    }
}

const COLUMNS: &str = "id, config_version, step, answers, result, words, done_at";

/// An audit by its id.
pub(crate) async fn find(tx: &mut OrgTx, id: MaturityId) -> Result<Option<Audit>, sqlx::Error> {
    let org = tx.org();
    let query = format!("select {COLUMNS} from site_audits where org_id = $1 and id = $2");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(org).bind(id).fetch_optional(tx.conn()).await?;
    Ok(row.map(Audit::from))
}

/// An audit by the token in its address.
pub(crate) async fn by_token(tx: &mut OrgTx, token: &str) -> Result<Option<Audit>, sqlx::Error> {
    let org = tx.org();
    let query = format!("select {COLUMNS} from site_audits where org_id = $1 and token_hash = $2");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(org).bind(site_token(token)).fetch_optional(tx.conn()).await?;
    Ok(row.map(Audit::from))
}

/// The same, and nobody else changes it until the transaction ends.
pub(crate) async fn held(tx: &mut OrgTx, token: &str) -> Result<Option<Audit>, sqlx::Error> {
    let org = tx.org();
    let query = format!("select {COLUMNS} from site_audits where org_id = $1 and token_hash = $2 for update");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(org).bind(site_token(token)).fetch_optional(tx.conn()).await?;
    Ok(row.map(Audit::from))
}

/// Writes down that an audit was begun.
pub(crate) async fn begin(
    tx: &mut OrgTx,
    token: &str,
    version: i32,
    source: &Value,
) -> Result<MaturityId, sqlx::Error> {
    let (org, now, id) = (tx.org(), tx.clock().now(), MaturityId::new(tx.clock()));
    sqlx::query(
        "insert into site_audits (org_id, id, token_hash, config_version, source, begun_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(org)
    .bind(id)
    .bind(site_token(token))
    .bind(version)
    .bind(Json(source))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Keeps the answers of a page, and which one comes next. What was handed in stays.
pub(crate) async fn keep(tx: &mut OrgTx, id: MaturityId, answers: &Answers, step: i16) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query(
        "update site_audits set answers = $3, step = greatest(step, $4) where org_id = $1 and id = $2 and state = 'begun'",
    )
    .bind(org)
    .bind(id)
    .bind(Json(answers))
    .bind(step)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes the result down, once: whether it was this call that did.
pub(crate) async fn finish(tx: &mut OrgTx, id: MaturityId, outcome: &Outcome) -> Result<bool, sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    let done = sqlx::query(
        "update site_audits set state = 'done', result = $3, score = $4, done_at = $5 \
         where org_id = $1 and id = $2 and state = 'begun'",
    )
    .bind(org)
    .bind(id)
    .bind(Json(outcome))
    .bind(i16::from(outcome.total))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Says who it was; the first word stands.
pub(crate) async fn belongs(tx: &mut OrgTx, id: MaturityId, inquiry: InquiryId) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query("update site_audits set inquiry_id = $3 where org_id = $1 and id = $2 and inquiry_id is null")
        .bind(org)
        .bind(id)
        .bind(inquiry)
        .execute(tx.conn())
        .await?;
    Ok(())
}
