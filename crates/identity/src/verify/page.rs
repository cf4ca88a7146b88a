//! `/verify`: the same for a person, who goes on where they were.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Form, Frame, Query, show};

use super::Given;
use crate::Identity;
use crate::origin::Origin;
use crate::sign_in::page::{inside, problem};

#[derive(Template)]
#[template(path = "verify/show.html")]
struct VerifyPage {
    frame: Frame,
    next: String,
    problem: String,
}

#[derive(Deserialize)]
pub(crate) struct Look {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct VerifyForm {
    #[serde(default)]
    next: String,
    #[serde(default)]
    password: String,
}

pub(crate) async fn get(by: Allowed<View>, Query(look): Query<Look>) -> Result<Response, AppError> {
    let next = inside(&look.next).to_owned();
    Ok(show(&VerifyPage { frame: by.frame("Is it you?"), next, problem: String::new() })?.into_response())
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Form(form): Form<VerifyForm>,
) -> Result<Response, AppError> {
    let next = inside(&form.next).to_owned();
    match super::verify(&identity, &by, Given::Password(&form.password), &origin).await {
        Ok(()) => Ok(Redirect::to(&next).into_response()),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let page = VerifyPage { frame: by.frame("Is it you?"), next, problem: problem(&error) };
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}
