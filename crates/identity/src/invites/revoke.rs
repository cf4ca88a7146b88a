//! `DELETE /v2/invites/{id}`: taking an invitation back.

use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::ids::InviteId;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Path};

use crate::origin::Origin;
use crate::store::invites;

/// Take an invitation back: its link stops working.
#[utoipa::path(delete, path = "/v2/invites/{id}", tag = "members", params(("id" = InviteId, Path,)),
    responses((status = 204, description = "The link does not work any more.")))]
pub(crate) async fn delete(
    by: Allowed<ManagePeople>,
    Path(id): Path<InviteId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    revoke(&by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn revoke(by: &Allowed<ManagePeople>, id: InviteId, origin: &Origin) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    if !invites::revoke(&mut tx, id).await? {
        return Err(AppError::not_found("open invitation"));
    }
    audit::record(&mut tx, AuditEntry::new(by.actor(), "invite.revoked").about(id).from_ip(origin.ip)).await?;
    Ok(tx.commit().await?)
}
