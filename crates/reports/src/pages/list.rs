//! `/reports`: what was made, what is saved, what is sent, and what did not arrive.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::ids::{DeliveryId, DesignId, ReportId, ScheduleId};
use serde::Deserialize;
use shell::auth::permission::{RunReports, View};
use shell::{Allowed, AppError, Form, Frame, Listed, Page, Permission, Toast, show};

use crate::api::reports::{GenerateReportIn, asked};
use crate::api::schedules::clock_words;
use crate::core::Core;
use crate::render::Format;
use crate::store::reports::{ReportKind, ReportRow};
use crate::store::schedules::ScheduleRow;
use crate::store::{deliveries, designs, reports, schedules};

/// Failures older than this are history.
const LATELY: TimeDelta = TimeDelta::days(7);

#[derive(Template)]
#[template(path = "reports/list.html")]
struct ListPage {
    frame: Frame,
    may_run: bool,
    may_send: bool,
    mail: bool,
    failures: Vec<Failure>,
    saved: Vec<Saved>,
    planned: Vec<Planned>,
    rows: Vec<Made>,
    more: String,
}

/// A report that did not arrive.
struct Failure {
    id: DeliveryId,
    report: ReportId,
    recipient: String,
    day: String,
    reason: String,
}

struct Saved {
    id: DesignId,
    name: String,
    updated_at: DateTime<Utc>,
}

struct Planned {
    id: ScheduleId,
    name: String,
    when: String,
    recipients: usize,
    enabled: bool,
    next_at: DateTime<Utc>,
}

struct Made {
    id: ReportId,
    title: String,
    days: String,
    status: String,
    scheduled: bool,
    at: DateTime<Utc>,
}

pub(crate) async fn page(
    State(core): State<Core>,
    by: Allowed<View>,
    page: Page<ReportId>,
) -> Result<Html<String>, AppError> {
    let may_send = by.may(Permission::Export);
    let mut tx = by.tx().await?;
    let rows = reports::list(&mut tx, page.after, page.fetch()).await?;
    let failed = if may_send { deliveries::undelivered(&mut tx, by.now() - LATELY).await? } else { Vec::new() };
    let saved = designs::all(&mut tx).await?;
    let planned = schedules::all(&mut tx).await?;
    let listed = Listed::new(&page, rows, |row| row.id)?;
    show(&ListPage {
        frame: by.frame("Reports"),
        may_run: by.may(Permission::RunReports),
        may_send,
        mail: core.kernel.config.mail.is_set(),
        failures: failed
            .into_iter()
            .map(|row| Failure {
                id: row.id,
                report: row.report_id,
                recipient: row.recipient,
                day: row.day.format("%-d %B").to_string(),
                reason: row.error.unwrap_or_default(),
            })
            .collect(),
        saved: saved.into_iter().map(|row| Saved { id: row.id, name: row.name, updated_at: row.updated_at }).collect(),
        planned: planned.iter().map(Planned::of).collect(),
        rows: listed.data.iter().map(Made::of).collect(),
        more: listed.next_cursor.map(|cursor| format!("/reports?cursor={cursor}")).unwrap_or_default(),
    })
}

impl Planned {
    fn of(row: &ScheduleRow) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            when: when(row),
            recipients: row.recipients.len(),
            enabled: row.enabled,
            next_at: row.next_at,
        }
    }
}

impl Made {
    fn of(row: &ReportRow) -> Self {
        Self {
            id: row.id,
            title: row.title.clone(),
            days: crate::period::Period { from: row.from_day, to: row.to_day }.words(),
            status: row.status.clone(),
            scheduled: row.schedule_id.is_some(),
            at: row.at,
        }
    }
}

/// When a schedule runs, in words: `Weekdays at 07:30, Europe/Berlin`.
fn when(row: &ScheduleRow) -> String {
    const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let days = match row.days.as_slice() {
        [1, 2, 3, 4, 5, 6, 7] => "Every day".to_owned(),
        [1, 2, 3, 4, 5] => "Weekdays".to_owned(),
        days => {
            let name = |day: &i16| usize::try_from(*day - 1).ok().and_then(|place| NAMES.get(place)).copied();
            days.iter().filter_map(name).collect::<Vec<_>>().join(", ")
        }
    };
    format!("{days} at {}, {}", clock_words(row.minute_of_day), row.time_zone)
}

#[derive(Deserialize)]
pub(crate) struct MakeForm {
    kind: ReportKind,
    format: Format,
    #[serde(default)]
    report_id: String,
}

pub(crate) async fn make(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Form(MakeForm { kind, format, report_id }): Form<MakeForm>,
) -> Result<Response, AppError> {
    let report_id = report_id.parse().ok();
    let given = GenerateReportIn { kind, format, from: None, to: None, location: None, report_id, design: None };
    let row = asked(&core, &by, given).await?;
    Ok((Toast::done("It is being made").on_next_page(), Redirect::to(&format!("/reports/{}", row.id))).into_response())
}
