//! `DELETE /v2/keys/{id}`: ending a key.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::ids::KeyId;
use kernel::ledger::{Event, Fact, Subject};
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Path};

use crate::Identity;
use crate::origin::Origin;
use crate::store::keys;

/// End an API key: its next request is refused.
#[utoipa::path(delete, path = "/v2/keys/{id}", tag = "keys", params(("id" = KeyId, Path,)),
    responses((status = 204, description = "The key does not work any more.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<KeyId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    revoke(&identity, &by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a key and gives its name.
pub(crate) async fn revoke(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    id: KeyId,
    origin: &Origin,
) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let name = keys::revoke(&mut tx, id).await?.ok_or_else(|| AppError::not_found("key"))?;
    tx.append(Event::new(Subject::Org(by.org()), by.actor(), Fact::KeyRevoked { key: id }));
    audit::record(&mut tx, AuditEntry::new(by.actor(), "key.revoked").about(id).from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(name)
}
