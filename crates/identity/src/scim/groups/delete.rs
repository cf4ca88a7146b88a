//! `DELETE /scim/v2/Groups/{id}`: the users in it stay.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use kernel::audit::{self, AuditEntry};
use serde_json::json;
use shell::auth::permission::Scim;
use shell::{Allowed, Path};

use super::lock;
use crate::origin::Origin;
use crate::scim::answer::Answer;
use crate::scim::etag::Versions;
use crate::store::teams;

pub(crate) async fn delete(by: Allowed<Scim>, Path(id): Path<String>, origin: Origin, versions: Versions) -> Answer {
    let mut tx = by.tx().await?;
    let team = lock(&mut tx, &id, &versions).await?;
    teams::remove(&mut tx, team.id).await?;
    let entry = AuditEntry::new(by.actor(), "team.deleted").about(team.id).detail(json!({ "name": team.name }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
