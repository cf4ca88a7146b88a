//! `/v2/reports/{id}/shares`: links by which somebody outside reads a report.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ReportId, ShareId};
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::Export;
use shell::{Allowed, AppError, Json, Listed, Path};
use utoipa::ToSchema;

use crate::core::Core;
use crate::store::reports;
use crate::store::shares::{self, ShareRow};
use crate::token;

/// How long a link works when nothing is said, and at most, in days.
const USUAL: i64 = 14;
const LONGEST: i64 = 90;

/// A link to make.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReportShareIn {
    /// For how many days it works, 1 to 90; 14 when absent.
    #[schema(minimum = 1, maximum = 90, default = 14)]
    pub days: Option<i64>,
}

/// A link.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportShareOut {
    pub id: ShareId,
    /// The address, shown only when it is made: it is the credential.
    pub url: Option<String>,
    pub until: DateTime<Utc>,
    /// Whether it still works.
    pub open: bool,
    /// How often it was opened.
    pub views: i32,
    pub viewed_at: Option<DateTime<Utc>>,
    /// Who made it.
    pub by: String,
    pub created_at: DateTime<Utc>,
}

impl ReportShareOut {
    fn of(row: ShareRow, url: Option<String>, now: DateTime<Utc>) -> Self {
        Self {
            id: row.id,
            url,
            until: row.until,
            open: row.revoked_at.is_none() && now < row.until,
            views: row.views,
            viewed_at: row.viewed_at,
            by: row.by_actor,
            created_at: row.at,
        }
    }
}

/// Makes a link to a report; gives its row and its address.
pub(crate) async fn make(
    core: &Core,
    tx: &mut OrgTx,
    by: Actor,
    report: ReportId,
    days: Option<i64>,
) -> Result<(ShareRow, String), AppError> {
    let days = days.unwrap_or(USUAL);
    if !(1..=LONGEST).contains(&days) {
        return Err(AppError::field("days", format!("must be 1 to {LONGEST}")));
    }
    let row = reports::find(tx, report).await?.ok_or_else(|| AppError::not_found("report"))?;
    if row.status != "ready" {
        return Err(AppError::conflict(format!("the report is {}; share it when it is ready", row.status)));
    }
    let token = token::fresh(tx.org())?;
    let until = tx.clock().now() + TimeDelta::days(days);
    let id = shares::insert(tx, report, &token::hash(&token), until, by).await?;
    let entry = AuditEntry::new(by, "report.shared").about(report);
    audit::record(tx, entry.detail(json!({ "share": id, "until": until }))).await?;
    let share = shares::find(tx, report, id).await?.ok_or_else(|| AppError::not_found("link"))?;
    Ok((share, format!("{}/shared/{token}", core.kernel.config.http.base_url())))
}

/// Ends a link.
pub(crate) async fn end(tx: &mut OrgTx, by: Actor, report: ReportId, id: ShareId) -> Result<(), AppError> {
    if !shares::revoke(tx, report, id).await? {
        return Err(AppError::not_found("open link"));
    }
    let entry = AuditEntry::new(by, "report.unshared").about(report);
    audit::record(tx, entry.detail(json!({ "share": id }))).await?;
    Ok(())
}

/// List the links of a report, newest first.
#[utoipa::path(get, path = "/v2/reports/{id}/shares", tag = "reports", params(("id" = ReportId, Path,)),
    responses((status = 200, body = Listed<ReportShareOut>)))]
pub(crate) async fn list(
    by: Allowed<Export>,
    Path(id): Path<ReportId>,
) -> Result<Json<Listed<ReportShareOut>>, AppError> {
    let mut tx = by.tx().await?;
    reports::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("report"))?;
    let rows = shares::of(&mut tx, id).await?;
    let now = by.now();
    Ok(Json(Listed::whole(rows.into_iter().map(|row| ReportShareOut::of(row, None, now)).collect())))
}

/// Share a report by a link that ends. Whoever has the link reads the report, without signing in.
#[utoipa::path(post, path = "/v2/reports/{id}/shares", tag = "reports", params(("id" = ReportId, Path,)),
    request_body = ReportShareIn, responses((status = 201, body = ReportShareOut),
        (status = 409, description = "The report is not ready.")))]
pub(crate) async fn create(
    State(core): State<Core>,
    by: Allowed<Export>,
    Path(id): Path<ReportId>,
    Json(given): Json<ReportShareIn>,
) -> Result<(StatusCode, Json<ReportShareOut>), AppError> {
    let mut tx = by.tx().await?;
    let (row, url) = make(&core, &mut tx, by.actor(), id, given.days).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(ReportShareOut::of(row, Some(url), by.now()))))
}

/// Revoke a link.
#[utoipa::path(delete, path = "/v2/reports/{id}/shares/{share}", tag = "reports",
    params(("id" = ReportId, Path,), ("share" = ShareId, Path,)),
    responses((status = 204, description = "It works no more."), (status = 404, description = "It ended before, or never was.")))]
pub(crate) async fn revoke(
    by: Allowed<Export>,
    Path((report, id)): Path<(ReportId, ShareId)>,
) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    end(&mut tx, by.actor(), report, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
