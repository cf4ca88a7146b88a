//! Signing in with a passkey alone: it is the possession, and its authenticator verified the person.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::ids::OrgId;
use serde::Deserialize;
use serde_json::Value;
use shell::{App, AppError, Form, Json, RequestInfo};
use utoipa::ToSchema;

use super::{Purpose, for_use, prove};
use crate::Identity;
use crate::origin::Origin;
use crate::sessions::open::{self, Arrival, TokensOut};
use crate::sessions::{Came, Proof};
use crate::sign_in;
use crate::sign_in::page::{inside, problem};

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasskeySignInIn {
    /// What `navigator.credentials.get` gave for the options, as JSON.
    #[schema(value_type = Object)]
    passkey: Value,
    /// Which organisation, for a person who belongs to several; absent, the one used last.
    organisation: Option<OrgId>,
}

#[derive(Deserialize)]
pub(crate) struct PasskeyForm {
    #[serde(default)]
    next: String,
    #[serde(default)]
    passkey: String,
}

/// Ask for the options with which a browser signs in by a passkey.
#[utoipa::path(post, path = "/v2/auth/passkeys/sign-in/options", tag = "auth", security(()),
    responses((status = 200, description = "For `navigator.credentials.get`.", body = Object),
        (status = 409, description = "Recoup is not reached by a host name over HTTPS.")))]
pub(crate) async fn options(State(identity): State<Identity>, State(app): State<App>) -> Result<Json<Value>, AppError> {
    Ok(Json(for_use(&identity, &app, Purpose::SignIn, None).await?))
}

/// Sign in with a passkey.
#[utoipa::path(post, path = "/v2/auth/passkeys/sign-in", tag = "auth", request_body = PasskeySignInIn, security(()),
    responses((status = 200, body = TokensOut), (status = 401, description = "The passkey was not accepted.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    origin: Origin,
    Json(PasskeySignInIn { passkey, organisation }): Json<PasskeySignInIn>,
) -> Result<Json<TokensOut>, AppError> {
    let used = prove(&identity, &app, (Purpose::SignIn, None), passkey, &origin).await?;
    let seat = sign_in::seat(&identity, used.user_id, organisation).await?;
    let mut tx = identity.kernel().db.begin(seat.org).await?.called_from(origin.caller());
    let opened = open::tokens_by(&mut tx, used.user_id, &origin, Proof::now(Came::Passkey)).await?;
    tx.commit().await?;
    let person = sign_in::named(&identity, used.user_id).await?;
    let arrival = Arrival::at(&seat, used.user_id, person.name, person.email);
    Ok(Json(open::grant(&identity, arrival, opened).await?))
}

/// `POST /sign-in/passkey`: the same for a browser, whose script filled in the form.
pub(crate) async fn page(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    origin: Origin,
    Form(PasskeyForm { next, passkey }): Form<PasskeyForm>,
) -> Result<Response, AppError> {
    let entered = async {
        let passkey = serde_json::from_str(&passkey).map_err(|_| super::Wrong::Malformed)?;
        let used = prove(&identity, &app, (Purpose::SignIn, None), passkey, &origin).await?;
        let seat = sign_in::seat(&identity, used.user_id, None).await?;
        let mut tx = identity.kernel().db.begin(seat.org).await?.called_from(origin.caller());
        let cookie = open::browser_by(&mut tx, used.user_id, &origin, Proof::now(Came::Passkey)).await?;
        tx.commit().await?;
        cookie.header(&app)
    };
    match entered.await {
        Ok(cookie) => Ok(([(header::SET_COOKIE, cookie)], Redirect::to(inside(&next))).into_response()),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => sign_in::page::refused(&app, &info, &next, (error.status(), problem(&error))),
    }
}
