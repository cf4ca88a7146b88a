//! `/v2/reports/{org}/schedule`: when reports are made and to whom they go, and what became of them.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{DeliveryId, DesignId, LocationId, OrgId, ReportId, ScheduleId};
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shell::auth::Permits;
use shell::auth::permission::{Export, View};
use shell::{Allowed, AppError, Detail, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

use crate::core::Core;
use crate::deliver::Deliver;
use crate::organisation;
use crate::render::Format;
use crate::store::deliveries::{self, DeliveryRow};
use crate::store::designs;
use crate::store::reports::ReportKind;
use crate::store::schedules::{self, MOST, ScheduleRow};
use crate::timing::Timing;

/// The most recipients of a schedule.
const MOST_RECIPIENTS: usize = 50;

/// When a report is made and to whom it goes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportScheduleIn {
    /// What it is called, up to 80 characters; by default what it makes.
    #[serde(default)]
    pub name: Option<String>,
    /// What it makes.
    pub kind: ReportKind,
    /// The saved report, for `custom`.
    #[serde(default)]
    pub report_id: Option<DesignId>,
    /// One place alone; the whole organisation when absent.
    #[serde(default)]
    pub location_id: Option<LocationId>,
    /// A name of the time zone database; the organisation's when absent.
    #[serde(default)]
    #[schema(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// Days of the week, 1 (Monday) to 7 (Sunday); every day when absent.
    #[serde(default)]
    #[schema(example = json!([1, 2, 3, 4, 5]))]
    pub days: Option<Vec<i16>>,
    /// The time of day there, `HH:MM`.
    #[schema(example = "07:30")]
    pub time: String,
    /// Addresses, up to 50.
    #[schema(example = json!(["dana@example.com"]))]
    pub recipients: Vec<String>,
    /// The files that are attached; PDF when absent, none when empty.
    #[serde(default)]
    pub formats: Option<Vec<Format>>,
    /// Whether it runs; true when absent.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// A schedule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportScheduleOut {
    pub id: ScheduleId,
    pub name: String,
    pub kind: ReportKind,
    pub report_id: Option<DesignId>,
    pub location_id: Option<LocationId>,
    pub time_zone: String,
    pub days: Vec<i16>,
    #[schema(example = "07:30")]
    pub time: String,
    pub recipients: Vec<String>,
    pub formats: Vec<Format>,
    pub enabled: bool,
    /// When it runs next; null while it is switched off.
    pub next_at: Option<DateTime<Utc>>,
}

/// What became of a report on its way to one recipient.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportDeliveryOut {
    pub id: DeliveryId,
    pub schedule_id: ScheduleId,
    pub report_id: ReportId,
    pub day: NaiveDate,
    pub recipient: String,
    /// `waiting`, `sent` or `failed`.
    #[schema(example = "sent")]
    pub state: String,
    pub attempts: i32,
    /// Why it failed.
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

impl From<ScheduleRow> for ReportScheduleOut {
    fn from(row: ScheduleRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind.parse().unwrap_or(ReportKind::Briefing),
            report_id: row.design_id,
            location_id: row.location_id,
            time: clock_words(row.minute_of_day),
            formats: row.formats(),
            next_at: row.enabled.then_some(row.next_at),
            name: row.name,
            time_zone: row.time_zone,
            days: row.days,
            recipients: row.recipients,
            enabled: row.enabled,
        }
    }
}

impl From<DeliveryRow> for ReportDeliveryOut {
    fn from(row: DeliveryRow) -> Self {
        let DeliveryRow { id, schedule_id, report_id, day, recipient, state, attempts, error, at, settled_at } = row;
        Self { id, schedule_id, report_id, day, recipient, state, attempts, error, created_at: at, settled_at }
    }
}

/// `07:30`.
pub(crate) fn clock_words(minute: i16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn minute(text: &str) -> Option<i16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
}

/// What was given, checked and filled up.
async fn planned(
    core: &Core,
    tx: &mut OrgTx,
    id: ScheduleId,
    given: ReportScheduleIn,
    by: Actor,
) -> Result<ScheduleRow, AppError> {
    let ReportScheduleIn { name, kind, report_id, location_id, time_zone, days, time, recipients, formats, enabled } =
        given;
    let mut problems = Vec::new();
    let saved = match (kind, report_id) {
        (ReportKind::Custom, Some(id)) => designs::find(tx, id).await?,
        _ => None,
    };
    if (kind == ReportKind::Custom) != saved.is_some() || (kind != ReportKind::Custom && report_id.is_some()) {
        problems.push(Detail::new("report_id", "a custom report has a saved one, and only a custom one"));
    }
    if let Some(place) = location_id
        && !core.figures.places(tx).await?.iter().any(|one| one.id == place)
    {
        problems.push(Detail::new("location_id", "is not a place of this organisation"));
    }
    let zone = match time_zone.filter(|zone| !zone.is_empty()) {
        Some(zone) => zone,
        None => organisation::of(tx).await?.zone.name().to_owned(),
    };
    let parsed: Option<chrono_tz::Tz> = zone.parse().ok();
    if parsed.is_none() {
        problems.push(Detail::new("time_zone", "is not a time zone such as Europe/Berlin"));
    }
    let mut days = days.unwrap_or_else(|| (1..=7).collect());
    days.sort_unstable();
    days.dedup();
    if days.is_empty() || days.iter().any(|day| !(1..=7).contains(day)) {
        problems.push(Detail::new("days", "choose days of the week, 1 (Monday) to 7 (Sunday)"));
    }
    let minute_of_day = minute(&time);
    if minute_of_day.is_none() {
        problems.push(Detail::new("time", "must be a time of day such as 07:30"));
    }
    let recipients = addresses(&recipients, &mut problems);
    let mut formats: Vec<Format> = formats.unwrap_or_else(|| vec![Format::Pdf]);
    formats.sort_unstable();
    formats.dedup();
    let fallback = saved.map_or_else(|| kind.label().to_owned(), |saved| saved.name);
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or(fallback);
    if name.chars().count() > 80 || name.contains(char::is_control) {
        problems.push(Detail::new("name", "must be one line of up to 80 characters"));
    }
    let (Some(zone), Some(minute), true) = (parsed, minute_of_day, problems.is_empty()) else {
        return Err(AppError::fields(problems));
    };
    let timing = Timing { zone, days: days.clone(), minute };
    let next_at = timing.next(core.kernel.clock.now()).ok_or_else(|| AppError::field("days", "is never due"))?;
    Ok(ScheduleRow {
        id,
        name,
        kind: kind.word().to_owned(),
        design_id: report_id,
        location_id,
        time_zone: zone.name().to_owned(),
        days,
        minute_of_day: minute,
        formats: formats.iter().map(|format| format.word().to_owned()).collect(),
        recipients,
        enabled: enabled.unwrap_or(true),
        next_at,
        by_actor: by.to_string(),
    })
}

/// The addresses, each once, in lower case.
fn addresses(given: &[String], problems: &mut Vec<Detail>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for address in given.iter().map(|address| address.trim().to_lowercase()).filter(|address| !address.is_empty()) {
        if kernel::mail::Letter::new(address.clone(), "Report").check().is_err() {
            problems.push(Detail::new("recipients", format!("{address} is not an email address")));
        } else if !found.contains(&address) {
            found.push(address);
        }
    }
    if found.len() > MOST_RECIPIENTS {
        problems.push(Detail::new("recipients", format!("there may be {MOST_RECIPIENTS} at most")));
    }
    if found.is_empty() {
        problems.push(Detail::new("recipients", "name somebody who gets it"));
    }
    found
}

fn told(row: &ScheduleRow) -> Value {
    // Addresses are people's: the log keeps how many.
    json!({ "name": row.name, "kind": row.kind, "time_zone": row.time_zone, "days": row.days,
        "time": clock_words(row.minute_of_day), "formats": row.formats, "recipients": row.recipients.len(),
        "enabled": row.enabled })
}

/// Saves a schedule, new or in the place of another.
pub(crate) async fn keep(
    core: &Core,
    tx: &mut OrgTx,
    by: Actor,
    id: Option<ScheduleId>,
    given: ReportScheduleIn,
) -> Result<ScheduleRow, AppError> {
    let before = match id {
        Some(id) => Some(schedules::find(tx, id).await?.ok_or_else(|| AppError::not_found("schedule"))?),
        None => None,
    };
    if before.is_none() && schedules::all(tx).await?.len() as i64 >= MOST {
        return Err(AppError::conflict(format!("there are {MOST} schedules already; remove one first")));
    }
    let id = id.unwrap_or_else(|| ScheduleId::new(tx.clock()));
    let row = planned(core, tx, id, given, by).await?;
    schedules::save(tx, &row, before.is_none()).await?;
    let entry = AuditEntry::new(by, "report.scheduled").about(id);
    audit::record(tx, entry.change(before.as_ref().map_or(Value::Null, told), told(&row))).await?;
    Ok(row)
}

/// Somebody else's organisation is not there.
fn own<P: Permits>(by: &Allowed<P>, org: OrgId) -> Result<(), AppError> {
    if org == by.org() { Ok(()) } else { Err(AppError::not_found("organisation")) }
}

/// List the organisation's schedules, by name.
#[utoipa::path(get, path = "/v2/reports/{id}/schedule", tag = "reports",
    params(("id" = OrgId, Path, description = "The organisation.")), responses((status = 200, body = Listed<ReportScheduleOut>)))]
pub(crate) async fn list(
    by: Allowed<View>,
    Path(org): Path<OrgId>,
) -> Result<Json<Listed<ReportScheduleOut>>, AppError> {
    own(&by, org)?;
    let rows = schedules::all(&mut by.tx().await?).await?;
    Ok(Json(Listed::whole(rows.into_iter().map(ReportScheduleOut::from).collect())))
}

/// Have a report made and sent on days of the week, at an hour of a time zone.
#[utoipa::path(post, path = "/v2/reports/{id}/schedule", tag = "reports",
    params(("id" = OrgId, Path, description = "The organisation.")), request_body = ReportScheduleIn,
    responses((status = 201, body = ReportScheduleOut)))]
pub(crate) async fn create(
    State(core): State<Core>,
    by: Allowed<Export>,
    Path(org): Path<OrgId>,
    Json(given): Json<ReportScheduleIn>,
) -> Result<(StatusCode, Json<ReportScheduleOut>), AppError> {
    own(&by, org)?;
    let mut tx = by.tx().await?;
    let row = keep(&core, &mut tx, by.actor(), None, given).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Change a schedule.
#[utoipa::path(put, path = "/v2/reports/{id}/schedule/{schedule}", tag = "reports",
    params(("id" = OrgId, Path, description = "The organisation."), ("schedule" = ScheduleId, Path,)),
    request_body = ReportScheduleIn, responses((status = 200, body = ReportScheduleOut)))]
pub(crate) async fn replace(
    State(core): State<Core>,
    by: Allowed<Export>,
    Path((org, id)): Path<(OrgId, ScheduleId)>,
    Json(given): Json<ReportScheduleIn>,
) -> Result<Json<ReportScheduleOut>, AppError> {
    own(&by, org)?;
    let mut tx = by.tx().await?;
    let row = keep(&core, &mut tx, by.actor(), Some(id), given).await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// Remove a schedule; reports that it made stay.
#[utoipa::path(delete, path = "/v2/reports/{id}/schedule/{schedule}", tag = "reports",
    params(("id" = OrgId, Path, description = "The organisation."), ("schedule" = ScheduleId, Path,)),
    responses((status = 204, description = "It makes no more reports.")))]
pub(crate) async fn remove(
    by: Allowed<Export>,
    Path((org, id)): Path<(OrgId, ScheduleId)>,
) -> Result<StatusCode, AppError> {
    own(&by, org)?;
    let mut tx = by.tx().await?;
    forget(&mut tx, by.actor(), id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a schedule.
pub(crate) async fn forget(tx: &mut OrgTx, by: Actor, id: ScheduleId) -> Result<(), AppError> {
    if !schedules::remove(tx, id).await? {
        return Err(AppError::not_found("schedule"));
    }
    audit::record(tx, AuditEntry::new(by, "report.unscheduled").about(id)).await?;
    Ok(())
}

/// What became of reports on their way, newest first.
#[utoipa::path(get, path = "/v2/reports/deliveries", tag = "reports", params(PageParams),
    responses((status = 200, body = Listed<ReportDeliveryOut>)))]
pub(crate) async fn deliveries(
    by: Allowed<Export>,
    page: Page<DeliveryId>,
) -> Result<Json<Listed<ReportDeliveryOut>>, AppError> {
    let rows = deliveries::list(&mut by.tx().await?, None, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |row| row.id)?.map(ReportDeliveryOut::from)))
}

/// Try a delivery again that failed.
#[utoipa::path(post, path = "/v2/reports/deliveries/{id}/retry", tag = "reports", params(("id" = DeliveryId, Path,)),
    responses((status = 202, description = "It is on its way again."), (status = 409, description = "It did not fail.")))]
pub(crate) async fn again(by: Allowed<Export>, Path(id): Path<DeliveryId>) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    try_again(&mut tx, by.actor(), id).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

/// Has a delivery that failed tried again.
pub(crate) async fn try_again(tx: &mut OrgTx, by: Actor, id: DeliveryId) -> Result<(), AppError> {
    let row = deliveries::find(tx, id).await?.ok_or_else(|| AppError::not_found("delivery"))?;
    if !deliveries::again(tx, row.id).await? {
        return Err(AppError::conflict("only a delivery that failed can be tried again"));
    }
    Deliver::enqueue(tx, row.id);
    audit::record(tx, AuditEntry::new(by, "report.resent").about(id)).await?;
    Ok(())
}
