//! `/v2/reports/definitions`: reports of one's own that are saved.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::DesignId;
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::{RunReports, View};
use shell::{Allowed, AppError, Detail, Json, Listed, Path};
use utoipa::ToSchema;

use crate::core::Core;
use crate::custom::ReportDesign;
use crate::store::designs::{self, DesignRow, MOST};

/// A report to save.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportDefinitionIn {
    /// What it is called, up to 80 characters.
    #[schema(example = "Leads and revenue by source")]
    pub name: String,
    /// What it is made of.
    pub design: ReportDesign,
}

/// A saved report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportDefinitionOut {
    pub id: DesignId,
    pub name: String,
    pub design: ReportDesign,
    /// Who changed it last.
    pub by: String,
    pub updated_at: DateTime<Utc>,
}

impl From<DesignRow> for ReportDefinitionOut {
    fn from(row: DesignRow) -> Self {
        let DesignRow { id, name, design, by_actor, updated_at } = row;
        Self { id, name, design: design.0, by: by_actor, updated_at }
    }
}

/// What is wrong with a report that is to be saved.
fn problems(core: &Core, given: &ReportDefinitionIn) -> Vec<Detail> {
    let mut problems = given.design.problems(&core.figures.metrics());
    let name = given.name.trim();
    if name.is_empty() || name.chars().count() > 80 || name.contains(char::is_control) {
        problems.push(Detail::new("name", "must be one line of 1 to 80 characters"));
    }
    problems
}

/// Saves a report, new or in the place of another.
pub(crate) async fn keep(
    core: &Core,
    tx: &mut OrgTx,
    by: Actor,
    id: Option<DesignId>,
    given: &ReportDefinitionIn,
) -> Result<DesignRow, AppError> {
    let problems = problems(core, given);
    if !problems.is_empty() {
        return Err(AppError::fields(problems));
    }
    if let Some(place) = given.design.location_id
        && !core.figures.places(tx).await?.iter().any(|one| one.id == place)
    {
        return Err(AppError::field("location_id", "is not a place of this organisation"));
    }
    let before = match id {
        Some(id) => Some(designs::find(tx, id).await?.ok_or_else(|| AppError::not_found("saved report"))?),
        None => None,
    };
    if before.is_none() && designs::all(tx).await?.len() as i64 >= MOST {
        return Err(AppError::conflict(format!("there are {MOST} saved reports already; remove one first")));
    }
    let name = given.name.trim();
    let new = id.unwrap_or_else(|| DesignId::new(tx.clock()));
    designs::save(tx, new, before.is_none(), (name, &given.design), by).await?;
    let values = |name: &str, design: &ReportDesign| json!({ "name": name, "design": design });
    let before = before.map_or(serde_json::Value::Null, |row| values(&row.name, &row.design));
    let entry = AuditEntry::new(by, "report.saved").about(new).change(before, values(name, &given.design));
    audit::record(tx, entry).await?;
    designs::find(tx, new).await?.ok_or_else(|| AppError::not_found("saved report"))
}

/// List saved reports, by name.
#[utoipa::path(get, path = "/v2/reports/definitions", tag = "reports",
    responses((status = 200, body = Listed<ReportDefinitionOut>)))]
pub(crate) async fn list(by: Allowed<View>) -> Result<Json<Listed<ReportDefinitionOut>>, AppError> {
    let rows = designs::all(&mut by.tx().await?).await?;
    Ok(Json(Listed::whole(rows.into_iter().map(ReportDefinitionOut::from).collect())))
}

/// Save a report.
#[utoipa::path(post, path = "/v2/reports/definitions", tag = "reports", request_body = ReportDefinitionIn,
    responses((status = 201, body = ReportDefinitionOut)))]
pub(crate) async fn create(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Json(given): Json<ReportDefinitionIn>,
) -> Result<(StatusCode, Json<ReportDefinitionOut>), AppError> {
    let mut tx = by.tx().await?;
    let row = keep(&core, &mut tx, by.actor(), None, &given).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Change a saved report.
#[utoipa::path(put, path = "/v2/reports/definitions/{id}", tag = "reports", params(("id" = DesignId, Path,)),
    request_body = ReportDefinitionIn, responses((status = 200, body = ReportDefinitionOut)))]
pub(crate) async fn replace(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Path(id): Path<DesignId>,
    Json(given): Json<ReportDefinitionIn>,
) -> Result<Json<ReportDefinitionOut>, AppError> {
    let mut tx = by.tx().await?;
    let row = keep(&core, &mut tx, by.actor(), Some(id), &given).await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// Remove a saved report, and the schedules that make it.
#[utoipa::path(delete, path = "/v2/reports/definitions/{id}", tag = "reports", params(("id" = DesignId, Path,)),
    responses((status = 204, description = "It is gone; reports that were made stay.")))]
pub(crate) async fn remove(by: Allowed<RunReports>, Path(id): Path<DesignId>) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    forget(&mut tx, by.actor(), id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a saved report.
pub(crate) async fn forget(tx: &mut OrgTx, by: Actor, id: DesignId) -> Result<(), AppError> {
    if !designs::remove(tx, id).await? {
        return Err(AppError::not_found("saved report"));
    }
    audit::record(tx, AuditEntry::new(by, "report.removed").about(id)).await?;
    Ok(())
}
