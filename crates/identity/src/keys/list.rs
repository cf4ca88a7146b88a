//! `GET /v2/keys`.

use kernel::Kernel;
use kernel::ids::{KeyId, OrgId};
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

/// Every key that is not revoked, a line each with tabs between its parts: for the command line.
pub async fn lines(kernel: &Kernel, org: OrgId) -> Result<Vec<String>, AppError> {
    let mut tx = kernel.db.begin(org).await?;
    let rows = keys::list(&mut tx, None, i64::MAX).await?;
    let line = |key: keys::ApiKey| {
        let instant = |at: Option<chrono::DateTime<chrono::Utc>>| at.map_or("never".to_owned(), |at| at.to_rfc3339());
        let (ends, used) = (instant(key.expires_at), instant(key.last_used_at));
        format!("{}\t{}\t{}\t{ends}\t{used}\t{}", key.id, key.name, key.scopes.join(","), key.last_used_ip)
    };
    Ok(rows.into_iter().map(line).collect())
}
