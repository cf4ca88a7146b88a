//! `/verify`: the same for a person, who goes on where they were.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::db::system::Factors;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, App, AppError, Form, Frame, Query, show};

use super::Given;
use crate::Identity;
use crate::factors;
use crate::origin::Origin;
use crate::sign_in::page::{inside, problem};
use crate::sign_in::second_page;

#[derive(Template)]
#[template(path = "verify/show.html")]
struct VerifyPage {
    frame: Frame,
    next: String,
    factors: Factors,
    /// Came by single sign-on, and may have no password of their own.
    sso: bool,
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
    #[serde(default)]
    code: String,
    #[serde(default)]
    recovery_code: String,
    #[serde(default)]
    passkey: String,
}

pub(crate) async fn get(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Query(look): Query<Look>,
) -> Result<Response, AppError> {
    Ok(show(&page(&identity, &by, &look.next, String::new()).await?)?.into_response())
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<View>,
    origin: Origin,
    Form(form): Form<VerifyForm>,
) -> Result<Response, AppError> {
    let VerifyForm { next, password, code, recovery_code, passkey } = form;
    let verified = async {
        let given = if password.is_empty() {
            Given::Factor(second_page::given(code, recovery_code, &passkey)?)
        } else {
            Given::Password(password)
        };
        super::verify(&identity, &app, &by, given, &origin).await
    };
    match verified.await {
        Ok(()) => Ok(Redirect::to(inside(&next)).into_response()),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let page = page(&identity, &by, &next, problem(&error)).await?;
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}

async fn page(identity: &Identity, by: &Allowed<View>, next: &str, problem: String) -> Result<VerifyPage, AppError> {
    let factors = factors::of(identity, super::person(by)?).await?;
    let (frame, next) = (by.frame("Is it you?"), inside(next).to_owned());
    Ok(VerifyPage { frame, next, factors, sso: by.principal().sso, problem })
}
