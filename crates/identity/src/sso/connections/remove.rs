//! Removing a connection, or one person's link to it.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::ids::{SsoId, UserId};
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Path};

use super::change::stays_open;
use crate::Identity;
use crate::origin::Origin;
use crate::store::sso::{connections, links};

/// Remove a connection with its links. The sessions it opened end.
#[utoipa::path(delete, path = "/v2/sso/connections/{id}", tag = "sso", operation_id = "remove_sso_connection",
    params(("id" = SsoId, Path,)),
    responses((status = 204, description = "It is gone."), (status = 409, description = "It is the only way in.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    remove(&identity, &by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    id: SsoId,
    origin: &Origin,
) -> Result<(), AppError> {
    by.fresh()?;
    let mut tx = by.tx().await?;
    let connection = connections::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("connection"))?;
    if connection.enabled {
        stays_open(&mut tx, id).await?;
    }
    let ended = connections::end_sessions(&mut tx, id, by.principal().session).await?;
    connections::remove(&mut tx, id).await?;
    let detail = json!({ "name": connection.name, "issuer": connection.issuer, "sessions_ended": ended });
    let entry = AuditEntry::new(by.actor(), "sso.connection_removed").about(id).detail(detail);
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(())
}

/// Takes a person's link away, so that another account of the provider can become theirs.
pub(crate) async fn unlink(
    by: &Allowed<ManagePeople>,
    id: SsoId,
    user: UserId,
    origin: &Origin,
) -> Result<(), AppError> {
    by.fresh()?;
    let mut tx = by.tx().await?;
    if !links::remove(&mut tx, id, user).await? {
        return Err(AppError::not_found("link"));
    }
    let entry = AuditEntry::new(by.actor(), "sso.unlinked").about(id).detail(json!({ "user": user }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(())
}
