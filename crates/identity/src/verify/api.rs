//! `POST /v2/auth/verify`: a fresh proof for a program that acts for a person.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use shell::auth::permission::View;
use shell::{Allowed, App, AppError, Json};
use utoipa::ToSchema;

use super::Given;
use crate::Identity;
use crate::origin::Origin;
use crate::passkeys::{self, Purpose};
use crate::sign_in::second;

/// One of the four.
#[derive(Deserialize, ToSchema)]
pub(crate) struct VerifyIn {
    /// The person's password, for somebody without a second factor.
    #[schema(format = Password)]
    password: Option<String>,
    /// The code of an authenticator app.
    #[schema(example = "123456")]
    code: Option<String>,
    /// A recovery code.
    #[schema(example = "abcd-efgh-ijkl-mnop")]
    recovery_code: Option<String>,
    /// What `navigator.credentials.get` gave for the options, as JSON.
    #[schema(value_type = Option<Object>)]
    passkey: Option<Value>,
}

/// Prove again who you are, for what needs a fresh proof (`step_up_required`). It lasts fifteen minutes.
#[utoipa::path(post, path = "/v2/auth/verify", tag = "auth", request_body = VerifyIn,
    responses((status = 204, description = "The session is freshly proved."), (status = 401, description = "It is not right."),
        (status = 429, description = "Too many attempts; see `Retry-After`.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<View>,
    origin: Origin,
    Json(VerifyIn { password, code, recovery_code, passkey }): Json<VerifyIn>,
) -> Result<StatusCode, AppError> {
    let given = match (password, &code, &recovery_code, &passkey) {
        (Some(password), None, None, None) => Given::Password(password),
        (Some(_), ..) | (None, None, None, None) => {
            return Err(AppError::unprocessable("send one of password, code, recovery_code and passkey"));
        }
        _ => Given::Factor(second::given(code, recovery_code, passkey)?),
    };
    super::verify(&identity, &app, &by, given, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for the options with which a browser gives a fresh proof by a passkey.
#[utoipa::path(post, path = "/v2/auth/verify/options", tag = "auth",
    responses((status = 200, description = "For `navigator.credentials.get`.", body = Object),
        (status = 409, description = "The person has no passkey.")))]
pub(crate) async fn options(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<View>,
) -> Result<Json<Value>, AppError> {
    let user = super::person(&by)?;
    Ok(Json(passkeys::for_use(&identity, &app, Purpose::Verify, Some(user)).await?))
}
