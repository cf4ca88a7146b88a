//! `DELETE /v2/keys/{id}`: ending a key.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{KeyId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Path};

use crate::Identity;
use crate::store::keys;

/// End an API key: its next request is refused.
#[utoipa::path(delete, path = "/v2/keys/{id}", tag = "keys", params(("id" = KeyId, Path,)),
    responses((status = 204, description = "The key does not work any more.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<KeyId>,
) -> Result<StatusCode, AppError> {
    revoke(&identity, &by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a key and gives its name.
pub(crate) async fn revoke(identity: &Identity, by: &Allowed<ManagePeople>, id: KeyId) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let name = write(&mut tx, id, by.actor()).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(name)
}

/// Ends a key: for the command line. Running processes refuse it within a second.
pub async fn end(kernel: &Kernel, org: OrgId, id: KeyId) -> Result<(), AppError> {
    let mut tx = kernel.db.begin(org).await?;
    write(&mut tx, id, Actor::System).await?;
    tx.commit().await?;
    Ok(())
}

async fn write(tx: &mut OrgTx, id: KeyId, by: Actor) -> Result<String, AppError> {
    let name = keys::revoke(tx, id).await?.ok_or_else(|| AppError::not_found("key"))?;
    tx.append(Event::new(Subject::Org(tx.org()), by, Fact::KeyRevoked { key: id }));
    audit::record(tx, AuditEntry::new(by, "key.revoked").about(id).detail(json!({ "name": name }))).await?;
    Ok(name)
}
