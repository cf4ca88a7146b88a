//! `/sign-in/second-factor`: the second step for a browser. The token is in a cookie that scripts cannot read.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use kernel::db::system::{Factors, PendingRow};
use serde::Deserialize;
use serde_json::Value;
use shell::auth::{locked_cookie, read_cookie};
use shell::{App, AppError, Form, Frame, Json, Query, RequestInfo, show};

use super::page::{inside, problem};
use super::second;
use crate::Identity;
use crate::factors::{self, Given};
use crate::origin::Origin;
use crate::passkeys::{self, Purpose};
use crate::sessions::open;

/// The cookie of a pending sign-in.
const COOKIE: &str = "recoup_pending";

#[derive(Template)]
#[template(path = "sign_in/second.html")]
struct SecondPage {
    frame: Frame,
    next: String,
    factors: Factors,
    problem: String,
}

#[derive(Deserialize)]
pub(crate) struct Look {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct SecondForm {
    #[serde(default)]
    next: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    recovery_code: String,
    #[serde(default)]
    passkey: String,
}

/// What a form gave: a script filled in the passkey, a person one of the codes.
pub(crate) fn given(code: String, recovery_code: String, passkey: &str) -> Result<Given, AppError> {
    let some = |text: String| (!text.trim().is_empty()).then_some(text);
    let passkey = match passkey {
        "" => None,
        json => Some(serde_json::from_str(json).map_err(|_| AppError::unprocessable("this passkey cannot be read"))?),
    };
    second::given(some(code), some(recovery_code), passkey)
}

/// Leads to the second step, with the cookie for it.
pub(crate) fn lead(app: &App, pending: &str, next: &str) -> Result<Response, AppError> {
    let lasts = second::LASTS.to_std().unwrap_or_default();
    let cookie = locked_cookie(COOKIE, pending, lasts, app.is_secure())?;
    let address = format!("/sign-in/second-factor?next={}", shell::page::url_encoded(inside(next)));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&address)).into_response())
}

pub(crate) async fn get(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    headers: HeaderMap,
    Query(look): Query<Look>,
) -> Result<Response, AppError> {
    let Ok((_, row)) = pending(&identity, &app, &headers).await else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    page(&identity, &info, row, (inside(&look.next), String::new())).await
}

/// The options for the script of the page.
pub(crate) async fn options(
    State(identity): State<Identity>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Value>, AppError> {
    let (_, row) = pending(&identity, &app, &headers).await?;
    Ok(Json(passkeys::for_use(&identity, &app, Purpose::SecondStep, Some(row.user_id)).await?))
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    origin: Origin,
    headers: HeaderMap,
    Form(form): Form<SecondForm>,
) -> Result<Response, AppError> {
    let SecondForm { next, code, recovery_code, passkey } = form;
    let Ok((token, row)) = pending(&identity, &app, &headers).await else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let entered = async {
        let row = second::finish(&identity, &app, &token, given(code, recovery_code, &passkey)?, &origin).await?;
        let seat = super::seat(&identity, row.user_id, row.wanted).await?;
        let mut tx = identity.kernel().db.begin(seat.org).await?.called_from(origin.caller());
        let cookie = open::browser(&mut tx, row.user_id, &origin).await?;
        tx.commit().await?;
        cookie.header(&app)
    };
    match entered.await {
        Ok(cookie) => arrive(&app, cookie, &next),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let shown = page(&identity, &info, row, (inside(&next), problem(&error))).await?;
            Ok((error.status(), shown).into_response())
        }
    }
}

/// The session's cookie, and the end of the other one.
fn arrive(app: &App, cookie: HeaderValue, next: &str) -> Result<Response, AppError> {
    let gone = locked_cookie(COOKIE, "", std::time::Duration::ZERO, app.is_secure())?;
    let cookies = AppendHeaders([(header::SET_COOKIE, cookie), (header::SET_COOKIE, gone)]);
    Ok((cookies, Redirect::to(inside(next))).into_response())
}

async fn pending(identity: &Identity, app: &App, headers: &HeaderMap) -> Result<(String, PendingRow), AppError> {
    let token = read_cookie(headers, COOKIE, app.is_secure()).unwrap_or_default().to_owned();
    let row = second::find(identity, &token).await?;
    Ok((token, row))
}

async fn page(
    identity: &Identity,
    info: &RequestInfo,
    row: PendingRow,
    (next, problem): (&str, String),
) -> Result<Response, AppError> {
    let factors = factors::of(identity, row.user_id).await?;
    let frame = Frame::signed_out(info, "Second step");
    Ok(show(&SecondPage { frame, next: next.to_owned(), factors, problem })?.into_response())
}
