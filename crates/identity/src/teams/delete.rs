//! `DELETE /v2/teams/{id}`. The people in it stay members of the organisation.

use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::ids::TeamId;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Path};

use crate::origin::Origin;
use crate::store::teams;

/// Delete a team. The people in it stay members.
#[utoipa::path(delete, path = "/v2/teams/{id}", tag = "teams", params(("id" = TeamId, Path,)),
    responses((status = 204, description = "The team is gone.")))]
pub(crate) async fn delete(
    by: Allowed<ManagePeople>,
    Path(id): Path<TeamId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    remove(&by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a team and gives its name.
pub(crate) async fn remove(by: &Allowed<ManagePeople>, id: TeamId, origin: &Origin) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let team = teams::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("team"))?;
    teams::remove(&mut tx, id).await?;
    let entry = AuditEntry::new(by.actor(), "team.deleted").about(id).detail(json!({ "name": team.name }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(team.name)
}
