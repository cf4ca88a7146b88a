//! `GET /v2/teams/{id}/members`.

use kernel::ids::{MemberId, TeamId};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};

use super::FellowOut;
use crate::store::teams;

/// List who is in a team, those who joined the organisation first at the top.
#[utoipa::path(get, path = "/v2/teams/{id}/members", tag = "teams", params(("id" = TeamId, Path,), PageParams),
    responses((status = 200, body = Listed<FellowOut>)))]
pub(crate) async fn get(
    by: Allowed<View>,
    Path(id): Path<TeamId>,
    page: Page<MemberId>,
) -> Result<Json<Listed<FellowOut>>, AppError> {
    let mut tx = by.tx().await?;
    teams::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("team"))?;
    let rows = teams::fellows(&mut tx, id, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |fellow| fellow.id)?.map(FellowOut::from)))
}
