//! Rows of anomalies, marks, mutes and alerts.

use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::AnomalyId;
use serde_json::Value;
use sqlx::FromRow;
use stats::detect::Judgement;
use uuid::Uuid;

/// An alarm of the same direction within so many days after the last one belongs to the same anomaly.
const LASTS: u64 = 7;

/// What was found on a day.
pub(super) struct Found {
    pub id: AnomalyId,
    pub metric: &'static str,
    pub place: Uuid,
    pub day: NaiveDate,
    pub told: Judgement,
    pub evidence: Value,
    pub now: DateTime<Utc>,
}

/// An anomaly.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Anomaly {
    pub id: AnomalyId,
    pub metric: String,
    pub location_id: Uuid,
    pub day: NaiveDate,
    pub last_day: NaiveDate,
    pub value: f64,
    pub expected: f64,
    pub low: f64,
    pub high: f64,
    pub z: f64,
    pub days: i32,
    pub evidence: Value,
    pub state: String,
    pub by_actor: Option<String>,
    pub acted_at: Option<DateTime<Utc>>,
    pub found_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, metric, location_id, day, last_day, value, expected, low, high, z, days, evidence, state, by_actor, acted_at, found_at";

/// The last day that was looked at.
pub(super) async fn mark(tx: &mut OrgTx, place: Option<Uuid>) -> Result<Option<NaiveDate>, sqlx::Error> {
    sqlx::query_scalar("select day from anomaly_marks where org_id = $1 and location_id = $2 for update")
        .bind(tx.org())
        .bind(place.unwrap_or_else(Uuid::nil))
        .fetch_optional(tx.conn())
        .await
}

/// Notes that days up to one were looked at.
pub(super) async fn set_mark(tx: &mut OrgTx, place: Option<Uuid>, day: NaiveDate) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into anomaly_marks (org_id, location_id, day) values ($1, $2, $3) \
         on conflict (org_id, location_id) do update set day = excluded.day",
    )
    .bind(tx.org())
    .bind(place.unwrap_or_else(Uuid::nil))
    .bind(day)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lets an anomaly go on that the found day belongs to; false when there is none.
pub(super) async fn lasts(tx: &mut OrgTx, found: &Found) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update anomalies set last_day = greatest(last_day, $5), \
           value = case when $5 >= last_day then $6 else value end, expected = case when $5 >= last_day then $7 else expected end, \
           low = case when $5 >= last_day then $8 else low end, high = case when $5 >= last_day then $9 else high end, \
           z = case when $5 >= last_day then $10 else z end, days = case when $5 >= last_day then $11 else days end, \
           evidence = case when $5 >= last_day then $12 else evidence end \
         where org_id = $1 and id = (select id from anomalies where org_id = $1 and location_id = $2 and metric = $3 \
           and day <= $5 and last_day >= $4 and (z > 0) = ($10 > 0) order by day desc limit 1)",
    )
    .bind(tx.org())
    .bind(found.place)
    .bind(found.metric)
    .bind(found.day - Days::new(LASTS))
    .bind(found.day)
    .bind(found.told.value)
    .bind(found.told.expected)
    .bind(found.told.low)
    .bind(found.told.high)
    .bind(found.told.z)
    .bind(found.told.days as i32)
    .bind(&found.evidence)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Writes a new anomaly; false when it is there already. One of a muted metric is written, muted.
pub(super) async fn insert(tx: &mut OrgTx, found: &Found) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into anomalies (org_id, id, metric, location_id, day, last_day, value, expected, low, high, z, days, evidence, found_at, state) \
         values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
           case when exists (select from anomaly_mutes m where m.org_id = $1 and m.metric = $3) then 'muted' else 'open' end) \
         on conflict do nothing",
    )
    .bind(tx.org())
    .bind(found.id)
    .bind(found.metric)
    .bind(found.place)
    .bind(found.day)
    .bind(found.told.value)
    .bind(found.told.expected)
    .bind(found.told.low)
    .bind(found.told.high)
    .bind(found.told.z)
    .bind(found.told.days as i32)
    .bind(&found.evidence)
    .bind(found.now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Which anomalies are listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub state: Option<String>,
    pub metric: Option<String>,
    pub place: Option<Uuid>,
    /// Those that ended before it.
    pub before: Option<NaiveDate>,
}

/// Anomalies, the latest first.
pub(super) async fn list(tx: &mut OrgTx, filter: &Filter, limit: i64) -> Result<Vec<Anomaly>, sqlx::Error> {
    let sql = format!(
        "select {COLUMNS} from anomalies where org_id = $1 and ($2::text is null or state = $2) \
           and ($3::text is null or metric = $3) and ($4::uuid is null or location_id = $4) \
           and ($5::date is null or last_day < $5) order by last_day desc, id limit $6"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(&filter.state)
        .bind(&filter.metric)
        .bind(filter.place)
        .bind(filter.before)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

/// One anomaly.
pub(super) async fn one(tx: &mut OrgTx, id: AnomalyId) -> Result<Option<Anomaly>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from anomalies where org_id = $1 and id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Sets an anomaly's state; false when there is none of that id.
pub(super) async fn set_state(
    tx: &mut OrgTx,
    id: AnomalyId,
    state: &str,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("update anomalies set state = $3, by_actor = $4, acted_at = $5 where org_id = $1 and id = $2")
            .bind(tx.org())
            .bind(id)
            .bind(state)
            .bind(actor)
            .bind(now)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Mutes a metric, with its open anomalies, or lets it be heard again.
pub(super) async fn mute(
    tx: &mut OrgTx,
    metric: &str,
    muted: bool,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if !muted {
        sqlx::query("delete from anomaly_mutes where org_id = $1 and metric = $2")
            .bind(tx.org())
            .bind(metric)
            .execute(tx.conn())
            .await?;
        return Ok(());
    }
    sqlx::query(
        "insert into anomaly_mutes (org_id, metric, by_actor, at) values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(metric)
    .bind(actor)
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "update anomalies set state = 'muted', by_actor = $3, acted_at = $4 where org_id = $1 and metric = $2 and state = 'open'",
    )
    .bind(tx.org())
    .bind(metric)
    .bind(actor)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The metrics nobody wants to hear of.
pub(super) async fn muted(tx: &mut OrgTx) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select metric from anomaly_mutes where org_id = $1 order by metric")
        .bind(tx.org())
        .fetch_all(tx.conn())
        .await
}
