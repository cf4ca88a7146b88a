//! `GET /v2/session-policy`.

use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json};

use super::SessionPolicy;
use crate::store::policies;

/// Show how long sessions last and from where the organisation is reached.
#[utoipa::path(get, path = "/v2/session-policy", tag = "auth", responses((status = 200, body = SessionPolicy)))]
pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Json<SessionPolicy>, AppError> {
    let mut tx = by.tx().await?;
    Ok(Json(policies::get(&mut tx).await?))
}
