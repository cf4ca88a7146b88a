//! `POST /v2/reports/generate`, `GET /v2/reports/{id}` and its file.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{DesignId, LocationId, ReportId, ScheduleId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::Permits;
use shell::auth::permission::{RunReports, View};
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path, Permission, Query, known_day};
use utoipa::{IntoParams, ToSchema};

use crate::clock::PERFORMANCE_DAYS;
use crate::core::Core;
use crate::custom::{LONGEST, ReportDesign};
use crate::figures::{Metric, Unit};
use crate::make;
use crate::organisation;
use crate::period::Period;
use crate::render::{self, Format};
use crate::sheet::Sheet;
use crate::store::reports::{NewReport, ReportKind, ReportRow};
use crate::store::{designs, reports};

/// What to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenerateReportIn {
    /// `briefing`, `performance` or `custom`.
    pub kind: ReportKind,
    /// The form of its file; the others can be fetched too.
    pub format: Format,
    /// The first day it covers; by default what its kind covers.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The last day it covers, the day itself for a briefing; by default yesterday, today for a briefing.
    #[serde(default)]
    pub to: Option<NaiveDate>,
    /// One place alone; the whole organisation when absent.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// A saved report, for `custom`.
    #[serde(default)]
    pub report_id: Option<DesignId>,
    /// What a `custom` report is made of, when it is not saved.
    #[serde(default)]
    pub design: Option<ReportDesign>,
}

/// A report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportOut {
    pub id: ReportId,
    pub kind: ReportKind,
    pub title: String,
    /// `waiting`, `ready` or `failed`.
    #[schema(example = "ready")]
    pub status: String,
    /// Where it is asked for again.
    #[schema(example = "/v2/reports/report_01h455vb4pex5vsknk084sn02q")]
    pub url: String,
    /// Where its file is; null until it is ready.
    pub file_url: Option<String>,
    pub format: Format,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub location_id: Option<LocationId>,
    /// The schedule that had it made; null when it was asked for by hand.
    pub schedule_id: Option<ScheduleId>,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub by: String,
    pub created_at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
}

impl From<ReportRow> for ReportOut {
    fn from(row: ReportRow) -> Self {
        let (kind, format) = (row.kind(), row.format());
        let file_url = (row.status == "ready").then(|| format!("/v2/reports/{}/file", row.id));
        Self {
            id: row.id,
            kind,
            title: row.title,
            url: format!("/v2/reports/{}", row.id),
            file_url,
            status: row.status,
            format,
            from: row.from_day,
            to: row.to_day,
            location_id: row.location_id,
            schedule_id: row.schedule_id,
            error: row.error,
            by: row.by_actor,
            created_at: row.at,
            ready_at: row.ready_at,
        }
    }
}

/// A metric that custom reports can show.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportMetricOut {
    #[schema(example = "revenue")]
    pub key: String,
    #[schema(example = "Revenue")]
    pub name: String,
    /// `count`, `money`, `seconds`, `points`, `share` or `rating`.
    #[schema(value_type = String, example = "money")]
    pub unit: Unit,
    /// Whether more of it is good; null for neither.
    pub higher_is_better: Option<bool>,
}

/// Refuses what takes the data out to whoever may only read it.
pub(crate) fn may_take<P: Permits>(by: &Allowed<P>, format: Format) -> Result<(), AppError> {
    if format.is_export() && !by.may(Permission::Export) {
        let word = format.word();
        return Err(AppError::forbidden(format!(
            "you may not export data, and {word} is an export; ask for pdf or html"
        )));
    }
    Ok(())
}

/// Make a report. It is made in the background: ask for it at `url` until it is ready.
#[utoipa::path(post, path = "/v2/reports/generate", tag = "reports", request_body = GenerateReportIn,
    responses((status = 202, body = ReportOut), (status = 403, description = "CSV and XLSX take the permission to export."),
        (status = 422, description = "The days, the place or the design do not make sense.")))]
pub(crate) async fn generate(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Json(given): Json<GenerateReportIn>,
) -> Result<(StatusCode, Json<ReportOut>), AppError> {
    let row = asked(&core, &by, given).await?;
    Ok((StatusCode::ACCEPTED, Json(row.into())))
}

/// Writes a report down that a member or a program asked for.
pub(crate) async fn asked(
    core: &Core,
    by: &Allowed<RunReports>,
    given: GenerateReportIn,
) -> Result<ReportRow, AppError> {
    may_take(by, given.format)?;
    let mut tx = by.tx().await?;
    let new = planned(core, &mut tx, by, given).await?;
    let detail = json!({ "kind": new.kind.word(), "format": new.format.word(), "from": new.days.0, "to": new.days.1 });
    let id = make::ask(&mut tx, new).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "report.requested").about(id).detail(detail)).await?;
    let row = reports::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("report"))?;
    tx.commit().await?;
    Ok(row)
}

/// The report that is to be made, checked.
async fn planned(
    core: &Core,
    tx: &mut OrgTx,
    by: &Allowed<RunReports>,
    given: GenerateReportIn,
) -> Result<NewReport, AppError> {
    let GenerateReportIn { kind, format, from, to, location, report_id, design } = given;
    let from = from.map(|day| known_day("from", day)).transpose()?;
    let to = to.map(|day| known_day("to", day)).transpose()?;
    let today = organisation::of(tx).await?.day(by.now());
    if let Some(place) = location {
        let known = core.figures.places(tx).await?.iter().any(|one| one.id == place);
        if !known {
            return Err(AppError::field("location", "is not a place of this organisation"));
        }
    }
    let saved = match report_id {
        Some(id) => {
            Some(designs::find(tx, id).await?.ok_or_else(|| AppError::field("report_id", "is not a saved report"))?)
        }
        None => None,
    };
    let (title, design) = match (kind, saved, design) {
        (ReportKind::Custom, Some(saved), None) => (saved.name, Some(saved.design.0)),
        (ReportKind::Custom, None, Some(design)) => ("Report".to_owned(), Some(design)),
        (ReportKind::Custom, ..) => {
            return Err(AppError::field("report_id", "a custom report takes either a saved report or a design"));
        }
        (_, None, None) => (kind.label().to_owned(), None),
        _ => return Err(AppError::field("report_id", "only a custom report has one")),
    };
    if let Some(design) = &design {
        let problems = design.problems(&core.figures.metrics());
        if !problems.is_empty() {
            return Err(AppError::fields(problems));
        }
    }
    let yesterday = today - Days::new(1);
    let (days, day) = if kind == ReportKind::Briefing {
        let day = to.or(from).unwrap_or(today);
        ((day, day), day)
    } else {
        let last = to.unwrap_or(yesterday);
        let usual = design.as_ref().map_or(PERFORMANCE_DAYS, |design| u64::from(design.days));
        ((from.unwrap_or_else(|| Period::ending(last, usual).from), last), today)
    };
    checked(days, today)?;
    let place = location.or_else(|| design.as_ref().and_then(|design| design.location_id));
    let design = design.map(|design| ReportDesign { location_id: place, ..design });
    Ok(NewReport { kind, title, design, format, days, day, place, schedule: None, by: by.actor() })
}

/// Days that can be reported on.
fn checked((from, to): (NaiveDate, NaiveDate), today: NaiveDate) -> Result<(), AppError> {
    if from > to {
        return Err(AppError::field("from", "is after to"));
    }
    if to > today {
        return Err(AppError::field("to", "is in the future"));
    }
    if (to - from).num_days() >= i64::from(LONGEST) {
        return Err(AppError::field("from", format!("a report covers {LONGEST} days at most")));
    }
    Ok(())
}

/// List reports, newest first.
#[utoipa::path(get, path = "/v2/reports", tag = "reports", params(PageParams), responses((status = 200, body = Listed<ReportOut>)))]
pub(crate) async fn list(by: Allowed<View>, page: Page<ReportId>) -> Result<Json<Listed<ReportOut>>, AppError> {
    let rows = reports::list(&mut by.tx().await?, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |row| row.id)?.map(ReportOut::from)))
}

/// A report and whether it is ready.
#[utoipa::path(get, path = "/v2/reports/{id}", tag = "reports", params(("id" = ReportId, Path,)),
    responses((status = 200, body = ReportOut), (status = 404, description = "There is none of that id.")))]
pub(crate) async fn show(by: Allowed<View>, Path(id): Path<ReportId>) -> Result<Json<ReportOut>, AppError> {
    let row = reports::find(&mut by.tx().await?, id).await?;
    Ok(Json(row.ok_or_else(|| AppError::not_found("report"))?.into()))
}

/// Which form of a file.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormOf {
    /// `html`, `pdf`, `csv`, `xlsx` or `json`; the one it was made for when absent.
    #[param(inline)]
    format: Option<Format>,
}

/// A report's file, in the form it was made for or another.
#[utoipa::path(get, path = "/v2/reports/{id}/file", tag = "reports", params(("id" = ReportId, Path,), FormOf),
    responses((status = 200, description = "The file.", content_type = "application/octet-stream"),
        (status = 404, description = "There is none of that id."), (status = 409, description = "It is not ready yet, or failed.")))]
pub(crate) async fn file(
    State(core): State<Core>,
    by: Allowed<View>,
    Path(id): Path<ReportId>,
    Query(form): Query<FormOf>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let row = reports::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("report"))?;
    let format = form.format.unwrap_or_else(|| row.format());
    may_take(&by, format)?;
    let Some(sheet) = reports::sheet(&mut tx, &core.kernel.vault, id).await? else {
        return Err(AppError::conflict(format!("the report is {}; ask for it again at /v2/reports/{id}", row.status)));
    };
    drop(tx);
    answer(sheet, format, "attachment").await
}

/// A file as a response. `disposition` is `attachment` or `inline`.
pub(crate) async fn answer(sheet: Sheet, format: Format, disposition: &str) -> Result<Response, AppError> {
    let name = render::file_name(&sheet, format);
    let made = tokio::task::spawn_blocking(move || format.file(&sheet)).await.map_err(AppError::internal)?;
    let file = made.map_err(AppError::internal)?;
    let shown = format!("{disposition}; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::try_from(shown).map_err(AppError::internal)?),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, file.bytes).into_response())
}

/// The metrics that custom reports can show.
#[utoipa::path(get, path = "/v2/reports/metrics", tag = "reports", responses((status = 200, body = Listed<ReportMetricOut>)))]
pub(crate) async fn metrics(State(core): State<Core>, _by: Allowed<View>) -> Json<Listed<ReportMetricOut>> {
    let out = |metric: Metric| ReportMetricOut {
        key: metric.key,
        name: metric.name,
        unit: metric.unit,
        higher_is_better: metric.better,
    };
    Json(Listed::whole(core.figures.metrics().into_iter().map(out).collect()))
}
