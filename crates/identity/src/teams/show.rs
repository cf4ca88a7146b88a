//! `GET /v2/teams/{id}`.

use kernel::ids::TeamId;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Path};

use super::TeamOut;
use crate::store::teams;

/// Show a team.
#[utoipa::path(get, path = "/v2/teams/{id}", tag = "teams", params(("id" = TeamId, Path,)),
    responses((status = 200, body = TeamOut)))]
pub(crate) async fn get(by: Allowed<View>, Path(id): Path<TeamId>) -> Result<Json<TeamOut>, AppError> {
    let mut tx = by.tx().await?;
    let team = teams::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("team"))?;
    Ok(Json(team.into()))
}
