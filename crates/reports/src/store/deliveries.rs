//! What became of reports on their way.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{DeliveryId, ReportId, ScheduleId};
use sqlx::FromRow;

/// A report on its way to one recipient.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct DeliveryRow {
    pub id: DeliveryId,
    pub schedule_id: ScheduleId,
    pub report_id: ReportId,
    pub day: NaiveDate,
    pub recipient: String,
    pub state: String,
    pub attempts: i32,
    pub error: Option<String>,
    pub at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

macro_rules! columns {
    () => {
        "select id, schedule_id, report_id, day, recipient, state, attempts, error, at, settled_at from report_deliveries \
         where org_id = $1 "
    };
}

/// One row a recipient.
pub(crate) async fn insert(
    tx: &mut OrgTx,
    schedule: ScheduleId,
    (report, day): (ReportId, NaiveDate),
    recipients: &[String],
) -> Result<(), sqlx::Error> {
    let at = tx.clock().now();
    for recipient in recipients {
        let id = DeliveryId::new(tx.clock());
        sqlx::query(
            "insert into report_deliveries (org_id, id, schedule_id, report_id, day, recipient, at) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (org_id, report_id, recipient) do nothing",
        )
        .bind(tx.org())
        .bind(id)
        .bind(schedule)
        .bind(report)
        .bind(day)
        .bind(recipient)
        .bind(at)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

pub(crate) async fn find(tx: &mut OrgTx, id: DeliveryId) -> Result<Option<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and id = $2")).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Those of a report that wait.
pub(crate) async fn waiting(tx: &mut OrgTx, report: ReportId) -> Result<Vec<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and report_id = $2 and state = 'waiting' order by id"))
        .bind(tx.org())
        .bind(report)
        .fetch_all(tx.conn())
        .await
}

/// The latest, before a cursor; of one state where it is given.
pub(crate) async fn list(
    tx: &mut OrgTx,
    state: Option<&str>,
    before: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(concat!(
        columns!(),
        "and ($2::text is null or state = $2) and ($3::uuid is null or id < $3) order by id desc limit $4"
    ))
    .bind(tx.org())
    .bind(state)
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Those that did not arrive, since an instant.
pub(crate) async fn undelivered(tx: &mut OrgTx, since: DateTime<Utc>) -> Result<Vec<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and state = 'failed' and at >= $2 order by id desc limit 50"))
        .bind(tx.org())
        .bind(since)
        .fetch_all(tx.conn())
        .await
}

/// What became of one; whether it was not so before.
pub(crate) async fn settle(
    tx: &mut OrgTx,
    id: DeliveryId,
    state: &str,
    (attempts, error): (i32, Option<&str>),
) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update report_deliveries set state = $3, attempts = greatest(attempts, $4), error = $5, settled_at = $6 \
         where org_id = $1 and id = $2 and state <> $3 and state <> 'sent'",
    )
    .bind(tx.org())
    .bind(id)
    .bind(state)
    .bind(attempts)
    .bind(error)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Has one that failed tried again; whether there was one.
pub(crate) async fn again(tx: &mut OrgTx, id: DeliveryId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update report_deliveries set state = 'waiting', error = null, settled_at = null \
         where org_id = $1 and id = $2 and state = 'failed'",
    )
    .bind(tx.org())
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes what is old.
pub(crate) async fn expire(tx: &mut OrgTx, before: DateTime<Utc>, most: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "delete from report_deliveries where org_id = $1 and id in \
         (select id from report_deliveries where org_id = $1 and at < $2 order by id limit $3)",
    )
    .bind(tx.org())
    .bind(before)
    .bind(most)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// The latest of a schedule.
pub(crate) async fn of(tx: &mut OrgTx, schedule: ScheduleId, limit: i64) -> Result<Vec<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and schedule_id = $2 order by day desc, id desc limit $3"))
        .bind(tx.org())
        .bind(schedule)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}
