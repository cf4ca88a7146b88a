//! The second factors of the caller, for programs.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::system;
use serde::{Deserialize, Serialize};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use crate::Identity;
use crate::origin::Origin;
use crate::passkeys::api::PasskeyOut;

/// What a person has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactorsOut {
    /// When the authenticator app was confirmed; null without one.
    totp: Option<DateTime<Utc>>,
    passkeys: Vec<PasskeyOut>,
    #[schema(example = 10)]
    recovery_codes_left: i64,
    /// When the organisation's patience ends, for somebody who owes it a second factor.
    required_by: Option<DateTime<Utc>>,
}

/// An authenticator app to be confirmed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotpOut {
    /// The secret in base32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same for a QR code.
    #[schema(
        example = "otpauth://totp/Recoup:dana%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Recoup"
    )]
    uri: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ConfirmIn {
    /// The code the app shows now.
    #[schema(example = "123456")]
    code: String,
}

/// Recovery codes, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CodesOut {
    /// Each works once. Empty when the person has some already.
    recovery_codes: Vec<String>,
}

/// Show your second factors.
#[utoipa::path(get, path = "/v2/auth/factors", tag = "auth", responses((status = 200, body = FactorsOut)))]
pub(crate) async fn get(State(identity): State<Identity>, by: Allowed<View>) -> Result<Json<FactorsOut>, AppError> {
    let user = crate::verify::person(&by)?;
    let factors = super::of(&identity, user).await?;
    let passkeys = system::passkeys_of(&identity.kernel().db, user).await?;
    Ok(Json(FactorsOut {
        totp: factors.totp_at,
        passkeys: passkeys.into_iter().map(PasskeyOut::from).collect(),
        recovery_codes_left: factors.recovery_left,
        required_by: super::due(&by),
    }))
}

/// Begin setting up an authenticator app. Needs a fresh proof. It counts once a first code confirmed it.
#[utoipa::path(post, path = "/v2/auth/totp", tag = "auth",
    responses((status = 201, body = TotpOut), (status = 403, description = "`step_up_required`."),
        (status = 409, description = "There is one already.")))]
pub(crate) async fn begin(
    State(identity): State<Identity>,
    by: Allowed<View>,
) -> Result<(StatusCode, Json<TotpOut>), AppError> {
    let user = super::own_account(&identity, &by).await?;
    let setup = super::begin_totp(&identity, user, &by.principal().email).await?;
    Ok((StatusCode::CREATED, Json(TotpOut { secret: setup.secret, uri: setup.uri })))
}

/// Turn the authenticator app on by its first code. Gives recovery codes with your first second factor.
#[utoipa::path(post, path = "/v2/auth/totp/confirm", tag = "auth", request_body = ConfirmIn,
    responses((status = 200, body = CodesOut), (status = 403, description = "`step_up_required`."),
        (status = 422, description = "The code is not right.")))]
pub(crate) async fn confirm(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Json(ConfirmIn { code }): Json<ConfirmIn>,
) -> Result<Json<CodesOut>, AppError> {
    Ok(Json(CodesOut { recovery_codes: super::confirm_totp(&identity, &by, &code, &origin).await? }))
}

/// Remove the authenticator app. Needs a fresh proof.
#[utoipa::path(delete, path = "/v2/auth/totp", tag = "auth",
    responses((status = 204, description = "It is removed."), (status = 403, description = "`step_up_required`."),
        (status = 409, description = "It is the last factor, and the organisation asks for one.")))]
pub(crate) async fn remove(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    super::remove_totp(&identity, &by, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes; the old ones stop working. Needs a fresh proof.
#[utoipa::path(post, path = "/v2/auth/recovery-codes", tag = "auth",
    responses((status = 201, body = CodesOut), (status = 403, description = "`step_up_required`."),
        (status = 409, description = "There is no second factor they could stand in for.")))]
pub(crate) async fn renew(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
) -> Result<(StatusCode, Json<CodesOut>), AppError> {
    let recovery_codes = super::renew_codes(&identity, &by, &origin).await?;
    Ok((StatusCode::CREATED, Json(CodesOut { recovery_codes })))
}
