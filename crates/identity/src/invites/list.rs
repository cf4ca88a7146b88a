//! `GET /v2/invites`.

use kernel::ids::InviteId;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams};

use super::InviteOut;
use crate::store::invites;

/// List the invitations that wait to be accepted, newest first.
#[utoipa::path(get, path = "/v2/invites", tag = "members", params(PageParams), responses((status = 200, body = Listed<InviteOut>)))]
pub(crate) async fn get(by: Allowed<ManagePeople>, page: Page<InviteId>) -> Result<Json<Listed<InviteOut>>, AppError> {
    let mut tx = by.tx().await?;
    let rows = invites::open(&mut tx, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |invite| invite.id)?.map(InviteOut::from)))
}
