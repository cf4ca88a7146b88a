//! `/sign-in`: a session for a browser.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shell::{App, AppError, Form, Frame, MaybeSignedIn, Query, RequestInfo, show};

use super::{second, second_page};
use crate::Identity;
use crate::origin::Origin;
use crate::passkeys::Party;
use crate::sessions::open;

#[derive(Template)]
#[template(path = "sign_in/show.html")]
struct SignInPage {
    frame: Frame,
    email: String,
    next: String,
    problem: String,
    /// Why the person is here: empty, `reset` after a new password, anything else after signing out.
    left: String,
    /// Whether this installation can have passkeys.
    passkeys: bool,
}

#[derive(Deserialize)]
pub(crate) struct Look {
    #[serde(default)]
    next: String,
    #[serde(default)]
    left: String,
}

#[derive(Deserialize)]
pub(crate) struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(crate) async fn get(
    State(app): State<App>,
    info: RequestInfo,
    MaybeSignedIn(principal): MaybeSignedIn,
    Query(look): Query<Look>,
) -> Result<Response, AppError> {
    if principal.is_some() {
        return Ok(Redirect::to(inside(&look.next)).into_response());
    }
    let (frame, passkeys) = (Frame::signed_out(&info, "Sign in"), Party::of(&app).is_ok());
    let Look { next, left } = look;
    Ok(show(&SignInPage { frame, email: String::new(), next, problem: String::new(), left, passkeys })?.into_response())
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    origin: Origin,
    Form(form): Form<SignInForm>,
) -> Result<Response, AppError> {
    match enter(&identity, &form, &origin).await {
        Ok(Entered::In(cookie)) => {
            Ok(([(header::SET_COOKIE, cookie.header(&app)?)], Redirect::to(inside(&form.next))).into_response())
        }
        Ok(Entered::HalfWay(pending)) => second_page::lead(&app, &pending, &form.next),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let SignInForm { email, next, .. } = form;
            let frame = Frame::signed_out(&info, "Sign in");
            let page = SignInPage {
                frame,
                email,
                next,
                problem: problem(&error),
                left: String::new(),
                passkeys: Party::of(&app).is_ok(),
            };
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}

/// How far a right password leads.
enum Entered {
    In(open::Cookie),
    /// The second factor is outstanding: the token of the pending sign-in.
    HalfWay(String),
}

async fn enter(identity: &Identity, form: &SignInForm, origin: &Origin) -> Result<Entered, AppError> {
    let person = super::prove(identity, &form.email, &form.password, origin).await?;
    if let Some((pending, _)) = second::begin(identity, person.id, None).await? {
        return Ok(Entered::HalfWay(pending));
    }
    let seat = super::seat(identity, person.id, None).await?;
    let mut tx = identity.kernel().db.begin(seat.org).await?.called_from(origin.caller());
    let cookie = open::browser(&mut tx, person.id, origin).await?;
    tx.commit().await?;
    Ok(Entered::In(cookie))
}

/// The page again, with what was wrong with a sign-in that had no fields to fill in.
pub(crate) fn refused(
    app: &App,
    info: &RequestInfo,
    next: &str,
    (status, problem): (StatusCode, String),
) -> Result<Response, AppError> {
    let (frame, next) = (Frame::signed_out(info, "Sign in"), inside(next).to_owned());
    let passkeys = Party::of(app).is_ok();
    let page = SignInPage { frame, email: String::new(), next, problem, left: String::new(), passkeys };
    Ok((status, show(&page)?).into_response())
}

/// What a person reads.
pub(crate) fn problem(error: &AppError) -> String {
    match error {
        AppError::TooMany { retry_after } if retry_after.as_secs() > 90 => {
            format!("Too many attempts. Try again in {} minutes.", retry_after.as_secs().div_ceil(60))
        }
        AppError::TooMany { retry_after } => {
            format!("Too many attempts. Try again in {} seconds.", retry_after.as_secs())
        }
        other => {
            let text = other.to_string();
            let mut letters = text.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
        }
    }
}

/// Where to go after signing in: only ever inside Recoup.
pub(crate) fn inside(next: &str) -> &str {
    let one_slash = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
    let page = !next.starts_with("/sign-") && !next.contains(|c: char| c.is_control() || c == '\\');
    if one_slash && page && next.is_ascii() { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn the_way_on_stays_inside() {
        assert_eq!(inside("/inbox/conv_1?tag=HOT"), "/inbox/conv_1?tag=HOT");
        for outside in
            ["", "inbox", "//evil.example", "/\\evil.example", "https://evil.example", "/sign-out", "/a\nb", "/a\\b"]
        {
            assert_eq!(inside(outside), "/", "{outside}");
        }
    }
}
