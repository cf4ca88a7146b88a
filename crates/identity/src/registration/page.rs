//! `/register`.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use shell::{App, AppError, FieldErrors, Form, Frame, MaybeSignedIn, RequestInfo, show};

use super::NewOrganisation;
use crate::Identity;
use crate::origin::Origin;
use crate::sessions::open::{self, Cookie};
use crate::sign_in::page::problem;

#[derive(Template)]
#[template(path = "registration/show.html")]
struct RegisterPage {
    frame: Frame,
    form: NewOrganisation,
    errors: FieldErrors,
    problem: String,
}

pub(crate) async fn get(info: RequestInfo, MaybeSignedIn(principal): MaybeSignedIn) -> Result<Response, AppError> {
    if principal.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    let empty = || String::new();
    let form = NewOrganisation { organisation: empty(), name: empty(), email: empty(), password: empty() };
    let frame = Frame::signed_out(&info, "Register");
    Ok(show(&RegisterPage { frame, form, errors: FieldErrors::default(), problem: empty() })?.into_response())
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    origin: Origin,
    Form(form): Form<NewOrganisation>,
) -> Result<Response, AppError> {
    match enter(&identity, form.clone(), &origin).await {
        Ok(cookie) => Ok(([(header::SET_COOKIE, cookie.header(&app)?)], Redirect::to("/")).into_response()),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let errors = FieldErrors::from(&error);
            let problem = if errors.is_empty() { problem(&error) } else { String::new() };
            let page = RegisterPage { frame: Frame::signed_out(&info, "Register"), form, errors, problem };
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}

async fn enter(identity: &Identity, form: NewOrganisation, origin: &Origin) -> Result<Cookie, AppError> {
    let kernel = identity.kernel();
    let ready = super::prepare(kernel, identity.hasher(), form).await?;
    let mut tx = kernel.db.begin(ready.org).await?.called_from(origin.caller());
    let made = super::write(&mut tx, ready).await?;
    let cookie = open::browser(&mut tx, made.user, origin).await?;
    tx.commit().await?;
    Ok(cookie)
}
