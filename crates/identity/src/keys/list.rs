//! `GET /v2/keys`.

use kernel::ids::KeyId;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams};

use super::KeyOut;
use crate::store::keys;

/// List the API keys, newest first.
#[utoipa::path(get, path = "/v2/keys", tag = "keys", params(PageParams), responses((status = 200, body = Listed<KeyOut>)))]
pub(crate) async fn get(by: Allowed<ManagePeople>, page: Page<KeyId>) -> Result<Json<Listed<KeyOut>>, AppError> {
    let mut tx = by.tx().await?;
    let rows = keys::list(&mut tx, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |key| key.id)?.map(KeyOut::from)))
}
