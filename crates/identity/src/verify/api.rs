//! `POST /v2/auth/verify`: a fresh proof for a program that acts for a person.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::Given;
use crate::Identity;
use crate::origin::Origin;

#[derive(Deserialize, ToSchema)]
pub(crate) struct VerifyIn {
    /// The person's password, for somebody without a second factor.
    #[schema(format = Password)]
    password: Option<String>,
}

/// Prove again who you are, for what needs a fresh proof (`step_up_required`). It lasts fifteen minutes.
#[utoipa::path(post, path = "/v2/auth/verify", tag = "auth", request_body = VerifyIn,
    responses((status = 204, description = "The session is freshly proved."), (status = 401, description = "It is not right."),
        (status = 429, description = "Too many attempts; see `Retry-After`.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Json(VerifyIn { password }): Json<VerifyIn>,
) -> Result<StatusCode, AppError> {
    let given = password.as_deref().map(Given::Password);
    let given = given.ok_or_else(|| AppError::unprocessable("send the password"))?;
    super::verify(&identity, &by, given, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
