//! `PATCH /v2/teams/{id}`: another name.

use kernel::audit::{self, AuditEntry};
use kernel::ids::TeamId;
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::{TeamOut, checked_name, taken};
use crate::origin::Origin;
use crate::store::teams::{self, Team};

#[derive(Deserialize, ToSchema)]
pub(crate) struct TeamPatch {
    /// What it is called from now on.
    #[schema(example = "Front desk")]
    name: String,
}

/// Rename a team.
#[utoipa::path(patch, path = "/v2/teams/{id}", tag = "teams", params(("id" = TeamId, Path,)), request_body = TeamPatch,
    responses((status = 200, body = TeamOut), (status = 409, description = "Another team has this name.")))]
pub(crate) async fn patch(
    by: Allowed<ManagePeople>,
    Path(id): Path<TeamId>,
    origin: Origin,
    Json(TeamPatch { name }): Json<TeamPatch>,
) -> Result<Json<TeamOut>, AppError> {
    Ok(Json(rename(&by, id, &name, &origin).await?.into()))
}

pub(crate) async fn rename(
    by: &Allowed<ManagePeople>,
    id: TeamId,
    name: &str,
    origin: &Origin,
) -> Result<Team, AppError> {
    let name = checked_name(name)?;
    let mut tx = by.tx().await?;
    let team = teams::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("team"))?;
    if team.name == name {
        return Ok(team);
    }
    teams::write(&mut tx, id, &name, team.external_id.as_deref()).await.map_err(taken)?;
    let entry = AuditEntry::new(by.actor(), "team.changed").about(id).detail(json!({ "from": team.name, "to": name }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(Team { name, version: team.version + 1, changed_at: by.now(), ..team })
}
