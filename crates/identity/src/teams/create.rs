//! `POST /v2/teams`.

use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::{TeamOut, checked_name, taken};
use crate::origin::Origin;
use crate::store::teams::{self, Team};

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewTeam {
    /// What it is called; no other team may be.
    #[schema(example = "Front desk")]
    name: String,
}

/// Make a team.
#[utoipa::path(post, path = "/v2/teams", tag = "teams", request_body = NewTeam,
    responses((status = 201, body = TeamOut), (status = 409, description = "Another team has this name.")))]
pub(crate) async fn post(
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(NewTeam { name }): Json<NewTeam>,
) -> Result<(StatusCode, Json<TeamOut>), AppError> {
    Ok((StatusCode::CREATED, Json(create(&by, &name, &origin).await?.into())))
}

pub(crate) async fn create(by: &Allowed<ManagePeople>, name: &str, origin: &Origin) -> Result<Team, AppError> {
    let name = checked_name(name)?;
    let mut tx = by.tx().await?;
    let id = teams::add(&mut tx, &name, None).await.map_err(taken)?;
    let entry = AuditEntry::new(by.actor(), "team.created").about(id).detail(json!({ "name": name }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    let (created_at, changed_at) = (by.now(), by.now());
    Ok(Team { id, name, external_id: None, version: 1, created_at, changed_at, size: 0 })
}
