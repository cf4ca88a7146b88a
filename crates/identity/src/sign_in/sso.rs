//! `/sign-in/sso`: from an email to the provider of its organisation.
//!
//! Only the domain is looked at: whether anybody has an account with the email is neither asked nor told.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::db::system::{self, SsoDoor};
use serde::Deserialize;
use shell::page::url_encoded;
use shell::{AppError, Form, Frame, Query, RequestInfo, show};

use super::page::inside;
use crate::Identity;
use crate::input::Email;
use crate::sso::domain_of;

#[derive(Template)]
#[template(path = "sign_in/sso.html")]
struct SsoPage {
    frame: Frame,
    email: String,
    next: String,
    problem: String,
    doors: Vec<Door>,
}

/// A provider to go to.
struct Door {
    name: String,
    organisation: String,
    href: String,
}

#[derive(Deserialize)]
pub(crate) struct Look {
    #[serde(default)]
    email: String,
    #[serde(default)]
    next: String,
}

pub(crate) async fn get(info: RequestInfo, Query(look): Query<Look>) -> Result<Response, AppError> {
    let frame = Frame::signed_out(&info, "Sign in with single sign-on");
    let page = SsoPage { frame, email: look.email, next: look.next, problem: String::new(), doors: Vec::new() };
    Ok(show(&page)?.into_response())
}

pub(crate) async fn post(
    axum::extract::State(identity): axum::extract::State<Identity>,
    info: RequestInfo,
    Form(look): Form<Look>,
) -> Result<Response, AppError> {
    let frame = Frame::signed_out(&info, "Sign in with single sign-on");
    let mut page = SsoPage { frame, email: look.email, next: look.next, problem: String::new(), doors: Vec::new() };
    let Ok(email) = Email::parse(&page.email) else {
        page.problem = "This is not an email address.".into();
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response());
    };
    let found = system::sso_doors(&identity.kernel().db, domain_of(email.as_str())).await?;
    page.doors = found.into_iter().map(|found| door(found, &email, &page.next)).collect();
    match page.doors.as_slice() {
        [] => {
            page.problem = format!("No single sign-on is set up for {}.", domain_of(email.as_str()));
            Ok((StatusCode::NOT_FOUND, show(&page)?).into_response())
        }
        // Not a redirect: browsers let a form lead to where our policy says, and the provider is not there.
        [only] => {
            let refresh = HeaderValue::from_str(&format!("0; url={}", only.href)).map_err(AppError::internal)?;
            Ok(([(HeaderName::from_static("refresh"), refresh)], show(&page)?).into_response())
        }
        _ => Ok(show(&page)?.into_response()),
    }
}

fn door(found: SsoDoor, email: &Email, next: &str) -> Door {
    let SsoDoor { connection, kind, name, org_name, .. } = found;
    let (next, hint) = (url_encoded(inside(next)), url_encoded(email.as_str()));
    let href = format!("/auth/{kind}/{connection}/start?return_to={next}&login_hint={hint}");
    Door { name, organisation: org_name, href }
}
