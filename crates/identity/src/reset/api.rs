//! `POST /v2/auth/password-reset` and `POST /v2/auth/password-reset/{token}`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shell::{AppError, Json, Path};
use utoipa::ToSchema;

use super::SAID;
use crate::Identity;
use crate::origin::Origin;

#[derive(Deserialize, ToSchema)]
pub(crate) struct AskIn {
    #[schema(example = "dana@example.com")]
    email: String,
}

/// The same for every email.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AskOut {
    message: &'static str,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ChooseIn {
    /// The new password.
    #[schema(format = Password)]
    password: String,
}

/// Have a link sent to choose a new password by.
#[utoipa::path(post, path = "/v2/auth/password-reset", tag = "auth", request_body = AskIn, security(()),
    responses((status = 202, body = AskOut, description = "Said for every email, known or not."),
        (status = 503, description = "This installation sends no mail.")))]
pub(crate) async fn ask(
    State(identity): State<Identity>,
    origin: Origin,
    Json(AskIn { email }): Json<AskIn>,
) -> Result<(StatusCode, Json<AskOut>), AppError> {
    super::ask(&identity, &email, &origin)?;
    Ok((StatusCode::ACCEPTED, Json(AskOut { message: SAID })))
}

/// Choose a new password by a link. Every session of the person ends, in every organisation.
#[utoipa::path(post, path = "/v2/auth/password-reset/{token}", tag = "auth", request_body = ChooseIn, security(()),
    params(("token" = String, Path, description = "The secret of the link.")),
    responses((status = 204, description = "The new password holds; sign in with it."), (status = 404, description = "The link ended or was used."),
        (status = 422, description = "The password will not do; the link still works.")))]
pub(crate) async fn choose(
    State(identity): State<Identity>,
    origin: Origin,
    Path(token): Path<String>,
    Json(ChooseIn { password }): Json<ChooseIn>,
) -> Result<StatusCode, AppError> {
    super::choose(&identity, &token, &password, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
