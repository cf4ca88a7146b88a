//! Reports that were made, or are being made.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{LocationId, ReportId, ScheduleId};
use kernel::ledger::Actor;
use kernel::vault::Vault;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use sqlx::types::Json;
use utoipa::ToSchema;

use crate::custom::ReportDesign;
use crate::render::Format;
use crate::sheet::Sheet;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportKind {
    /// What changed, why, what to do: of a day.
    Briefing,
    /// Every score and metric of some days.
    Performance,
    /// What one put together oneself.
    Custom,
}

impl ReportKind {
    pub(crate) const ALL: [Self; 3] = [Self::Briefing, Self::Performance, Self::Custom];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Briefing => "briefing",
            Self::Performance => "performance",
            Self::Custom => "custom",
        }
    }

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Briefing => "Daily briefing",
            Self::Performance => "Performance",
            Self::Custom => "Saved report",
        }
    }
}

impl FromStr for ReportKind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or(())
    }
}

/// A report to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewReport {
    pub kind: ReportKind,
    pub title: String,
    pub design: Option<ReportDesign>,
    pub format: Format,
    /// The first and the last day it covers.
    pub days: (NaiveDate, NaiveDate),
    /// The day it is read.
    pub day: NaiveDate,
    pub place: Option<LocationId>,
    pub schedule: Option<ScheduleId>,
    pub by: Actor,
}

/// A report as it is listed.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct ReportRow {
    pub id: ReportId,
    pub kind: String,
    pub title: String,
    pub design: Option<Json<ReportDesign>>,
    pub format: String,
    pub from_day: NaiveDate,
    pub to_day: NaiveDate,
    pub day: NaiveDate,
    pub location_id: Option<LocationId>,
    pub schedule_id: Option<ScheduleId>,
    pub status: String,
    pub error: Option<String>,
    pub by_actor: String,
    pub at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
}

impl ReportRow {
    pub(crate) fn kind(&self) -> ReportKind {
        self.kind.parse().unwrap_or(ReportKind::Custom)
    }

    pub(crate) fn format(&self) -> Format {
        self.format.parse().unwrap_or(Format::Pdf)
    }
}

macro_rules! columns {
    () => {
        "select id, kind, title, design, format, from_day, to_day, day, location_id, schedule_id, status, error, by_actor, at, \
         ready_at from reports where org_id = $1 "
    };
}

pub(crate) async fn insert(tx: &mut OrgTx, new: NewReport) -> Result<ReportId, sqlx::Error> {
    let NewReport { kind, title, design, format, days, day, place, schedule, by } = new;
    let id = ReportId::new(tx.clock());
    let at = tx.clock().now();
    sqlx::query(
        "insert into reports (org_id, id, kind, title, design, format, from_day, to_day, day, location_id, schedule_id, by_actor, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(kind.word())
    .bind(title)
    .bind(design.map(Json))
    .bind(format.word())
    .bind(days.0)
    .bind(days.1)
    .bind(day)
    .bind(place)
    .bind(schedule)
    .bind(by.to_string())
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

pub(crate) async fn find(tx: &mut OrgTx, id: ReportId) -> Result<Option<ReportRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and id = $2")).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Before a cursor, newest first.
pub(crate) async fn list(tx: &mut OrgTx, before: Option<ReportId>, limit: i64) -> Result<Vec<ReportRow>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and ($2::uuid is null or id < $2) order by id desc limit $3"))
        .bind(tx.org())
        .bind(before)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

/// Keeps what a report holds; whether it was still waited for.
pub(crate) async fn ready(tx: &mut OrgTx, vault: &Vault, id: ReportId, sheet: &Sheet) -> anyhow::Result<bool> {
    let sealed = vault.seal(tx.org(), &place(id), &serde_json::to_vec(sheet)?).await?;
    let now = tx.clock().now();
    let done = sqlx::query(
        "update reports set status = 'ready', sheet = $3, ready_at = $4, error = null \
         where org_id = $1 and id = $2 and status <> 'ready'",
    )
    .bind(tx.org())
    .bind(id)
    .bind(sealed)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It could not be made.
pub(crate) async fn failed(tx: &mut OrgTx, id: ReportId, why: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update reports set status = 'failed', error = $3 where org_id = $1 and id = $2 and status = 'waiting'",
    )
    .bind(tx.org())
    .bind(id)
    .bind(why)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What a report holds; none while it is not ready.
pub(crate) async fn sheet(tx: &mut OrgTx, vault: &Vault, id: ReportId) -> anyhow::Result<Option<Sheet>> {
    let sealed: Option<Option<Vec<u8>>> =
        sqlx::query_scalar("select sheet from reports where org_id = $1 and id = $2 and status = 'ready'")
            .bind(tx.org())
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    let Some(sealed) = sealed.flatten() else { return Ok(None) };
    let plain = vault.open(tx.org(), &place(id), &sealed).await?;
    Ok(Some(serde_json::from_slice(&plain)?))
}

/// Removes what is old and what hangs on it.
pub(crate) async fn expire(tx: &mut OrgTx, before: DateTime<Utc>, most: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "delete from reports where org_id = $1 and id in \
         (select id from reports where org_id = $1 and at < $2 order by id limit $3)",
    )
    .bind(tx.org())
    .bind(before)
    .bind(most)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

fn place(id: ReportId) -> String {
    format!("reports/{id}")
}
