//! `/reset` and `/reset/{token}`.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shell::{AppError, FieldErrors, Form, Frame, Path, RequestInfo, show};

use crate::Identity;
use crate::origin::Origin;
use crate::sign_in::page::problem;

#[derive(Template)]
#[template(path = "reset/ask.html")]
struct AskPage {
    frame: Frame,
    /// Whether this installation sends mail.
    mail: bool,
    sent: bool,
}

#[derive(Template)]
#[template(path = "reset/choose.html")]
struct ChoosePage {
    frame: Frame,
    token: String,
    email: String,
    errors: FieldErrors,
    problem: String,
}

#[derive(Deserialize)]
pub(crate) struct AskForm {
    email: String,
}

#[derive(Deserialize)]
pub(crate) struct ChooseForm {
    password: String,
}

pub(crate) async fn get(State(identity): State<Identity>, info: RequestInfo) -> Result<Response, AppError> {
    asked(&identity, &info, false)
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    info: RequestInfo,
    origin: Origin,
    Form(AskForm { email }): Form<AskForm>,
) -> Result<Response, AppError> {
    let sent = super::ask(&identity, &email, &origin).is_ok();
    asked(&identity, &info, sent)
}

pub(crate) async fn open(
    State(identity): State<Identity>,
    info: RequestInfo,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let email = super::find(&identity, &token).await?.email;
    let frame = Frame::signed_out(&info, "Choose a new password");
    let page = ChoosePage { frame, token, email, errors: FieldErrors::default(), problem: String::new() };
    Ok(show(&page)?.into_response())
}

pub(crate) async fn choose(
    State(identity): State<Identity>,
    info: RequestInfo,
    origin: Origin,
    Path(token): Path<String>,
    Form(ChooseForm { password }): Form<ChooseForm>,
) -> Result<Response, AppError> {
    match super::choose(&identity, &token, &password, &origin).await {
        Ok(()) => Ok(Redirect::to("/sign-in?left=reset").into_response()),
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let email = super::find(&identity, &token).await?.email;
            let errors = FieldErrors::from(&error);
            let problem = if errors.is_empty() { problem(&error) } else { String::new() };
            let frame = Frame::signed_out(&info, "Choose a new password");
            Ok((error.status(), show(&ChoosePage { frame, token, email, errors, problem })?).into_response())
        }
    }
}

fn asked(identity: &Identity, info: &RequestInfo, sent: bool) -> Result<Response, AppError> {
    let mail = identity.kernel().config.mail.is_set();
    Ok(show(&AskPage { frame: Frame::signed_out(info, "Forgotten password"), mail, sent })?.into_response())
}
