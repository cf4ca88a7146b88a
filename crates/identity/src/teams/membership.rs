//! `PUT` and `DELETE /v2/teams/{id}/members/{member}`: putting a member into a team and taking them out. Both may be repeated.

use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::ids::{MemberId, TeamId};
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Path};

use crate::origin::Origin;
use crate::store::teams;

/// Put a member into a team.
#[utoipa::path(put, path = "/v2/teams/{id}/members/{member}", tag = "teams",
    params(("id" = TeamId, Path,), ("member" = MemberId, Path,)),
    responses((status = 204, description = "The member is in the team.")))]
pub(crate) async fn put(
    by: Allowed<ManagePeople>,
    Path((team, member)): Path<(TeamId, MemberId)>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    set(&by, team, member, true, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a member out of a team.
#[utoipa::path(delete, path = "/v2/teams/{id}/members/{member}", tag = "teams",
    params(("id" = TeamId, Path,), ("member" = MemberId, Path,)),
    responses((status = 204, description = "The member is not in the team.")))]
pub(crate) async fn delete(
    by: Allowed<ManagePeople>,
    Path((team, member)): Path<(TeamId, MemberId)>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    set(&by, team, member, false, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn set(
    by: &Allowed<ManagePeople>,
    id: TeamId,
    member: MemberId,
    inside: bool,
    origin: &Origin,
) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    let team = teams::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("team"))?;
    if !teams::strangers(&mut tx, &[member]).await?.is_empty() {
        return Err(AppError::not_found("member"));
    }
    let (count, action) = if inside {
        (teams::put(&mut tx, id, &[member]).await?, "team.member_added")
    } else {
        (teams::take(&mut tx, id, &[member]).await?, "team.member_removed")
    };
    if count == 0 {
        return Ok(());
    }
    teams::write(&mut tx, id, &team.name, team.external_id.as_deref()).await?;
    let entry = AuditEntry::new(by.actor(), action).about(id).detail(json!({ "member": member }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(())
}
