//! `GET /v2/teams`.

use kernel::ids::TeamId;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams};

use super::TeamOut;
use crate::store::teams;

/// List the teams, oldest first.
#[utoipa::path(get, path = "/v2/teams", tag = "teams", params(PageParams), responses((status = 200, body = Listed<TeamOut>)))]
pub(crate) async fn get(by: Allowed<View>, page: Page<TeamId>) -> Result<Json<Listed<TeamOut>>, AppError> {
    let mut tx = by.tx().await?;
    let rows = teams::list(&mut tx, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |team| team.id)?.map(TeamOut::from)))
}
