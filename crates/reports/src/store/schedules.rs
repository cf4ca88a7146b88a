//! When reports are made and to whom they go.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{DesignId, LocationId, ReportId, ScheduleId};
use sqlx::FromRow;

use crate::render::Format;
use crate::timing::Timing;

/// The most of an organisation.
pub(crate) const MOST: i64 = 200;

/// A schedule.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct ScheduleRow {
    pub id: ScheduleId,
    pub name: String,
    pub kind: String,
    pub design_id: Option<DesignId>,
    pub location_id: Option<LocationId>,
    pub time_zone: String,
    pub days: Vec<i16>,
    pub minute_of_day: i16,
    pub formats: Vec<String>,
    pub recipients: Vec<String>,
    pub enabled: bool,
    pub next_at: DateTime<Utc>,
    pub by_actor: String,
}

impl ScheduleRow {
    pub(crate) fn timing(&self) -> Timing {
        Timing {
            zone: self.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC),
            days: self.days.clone(),
            minute: self.minute_of_day,
        }
    }

    pub(crate) fn formats(&self) -> Vec<Format> {
        self.formats.iter().filter_map(|word| word.parse().ok()).collect()
    }
}

macro_rules! columns {
    () => {
        "select id, name, kind, design_id, location_id, time_zone, days, minute_of_day, formats, recipients, enabled, next_at, by_actor \
         from report_schedules where org_id = $1 "
    };
}

/// By name.
pub(crate) async fn all(tx: &mut OrgTx) -> Result<Vec<ScheduleRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "order by lower(name), id limit $2"))
        .bind(tx.org())
        .bind(MOST)
        .fetch_all(tx.conn())
        .await
}

pub(crate) async fn find(tx: &mut OrgTx, id: ScheduleId) -> Result<Option<ScheduleRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and id = $2")).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Those that are due, locked; another process that looks meanwhile passes them by.
pub(crate) async fn due(tx: &mut OrgTx, now: DateTime<Utc>, most: i64) -> Result<Vec<ScheduleRow>, sqlx::Error> {
    sqlx::query_as(concat!(
        columns!(),
        "and enabled and next_at <= $2 order by next_at, id limit $3 for update skip locked"
    ))
    .bind(tx.org())
    .bind(now)
    .bind(most)
    .fetch_all(tx.conn())
    .await
}

/// Saves a new one, or changes the one with its id; false when there is none of that id.
pub(crate) async fn save(tx: &mut OrgTx, row: &ScheduleRow, new: bool) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let statement = if new {
        "insert into report_schedules (org_id, id, name, kind, design_id, location_id, time_zone, days, minute_of_day, formats, \
           recipients, enabled, next_at, by_actor, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)"
    } else {
        "update report_schedules set name = $3, kind = $4, design_id = $5, location_id = $6, time_zone = $7, days = $8, \
           minute_of_day = $9, formats = $10, recipients = $11, enabled = $12, next_at = $13, by_actor = $14, updated_at = $15 \
         where org_id = $1 and id = $2"
    };
    let done = sqlx::query(statement)
        .bind(tx.org())
        .bind(row.id)
        .bind(&row.name)
        .bind(&row.kind)
        .bind(row.design_id)
        .bind(row.location_id)
        .bind(&row.time_zone)
        .bind(&row.days)
        .bind(row.minute_of_day)
        .bind(&row.formats)
        .bind(&row.recipients)
        .bind(row.enabled)
        .bind(row.next_at)
        .bind(&row.by_actor)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn next(tx: &mut OrgTx, id: ScheduleId, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update report_schedules set next_at = $3 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Removes one, with what became of it; whether there was one.
pub(crate) async fn remove(tx: &mut OrgTx, id: ScheduleId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from report_schedules where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a schedule made its report of a day already.
pub(crate) async fn ran(tx: &mut OrgTx, id: ScheduleId, day: NaiveDate) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from report_runs where org_id = $1 and schedule_id = $2 and day = $3)")
        .bind(tx.org())
        .bind(id)
        .bind(day)
        .fetch_one(tx.conn())
        .await
}

/// Notes that a schedule makes its report of a day. The key refuses a second one.
pub(crate) async fn run(tx: &mut OrgTx, id: ScheduleId, day: NaiveDate, report: ReportId) -> Result<(), sqlx::Error> {
    sqlx::query("insert into report_runs (org_id, schedule_id, day, report_id) values ($1, $2, $3, $4)")
        .bind(tx.org())
        .bind(id)
        .bind(day)
        .bind(report)
        .execute(tx.conn())
        .await?;
    Ok(())
}
