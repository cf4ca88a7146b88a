//! `GET /v2/members`.

use kernel::ids::MemberId;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams};

use super::MemberOut;
use crate::store::members;

/// List the members, oldest first.
#[utoipa::path(get, path = "/v2/members", tag = "members", params(PageParams), responses((status = 200, body = Listed<MemberOut>)))]
pub(crate) async fn get(by: Allowed<View>, page: Page<MemberId>) -> Result<Json<Listed<MemberOut>>, AppError> {
    let mut tx = by.tx().await?;
    let rows = members::list(&mut tx, &page).await?;
    Ok(Json(Listed::new(&page, rows, |member| member.id)?.map(MemberOut::from)))
}
