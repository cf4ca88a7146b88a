//! `/invite/{token}`: accepting an invitation in the browser.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::db::system::{self, InviteRow};
use kernel::ledger::Actor;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, App, AppError, FieldErrors, Form, Frame, Path, RequestInfo, show};

use super::accept::{self, Newcomer};
use crate::Identity;
use crate::origin::Origin;
use crate::sessions::open;
use crate::sign_in::page::problem;

/// Who looks at the link.
enum Who {
    /// The invited person, signed in.
    Same,
    /// Somebody else, signed in.
    Other(String),
    /// Nobody is signed in; the invited email has an account.
    HasAccount,
    /// Nobody is signed in; the invited email has no account.
    New,
}

#[derive(Template)]
#[template(path = "invites/show.html")]
struct InvitePage {
    frame: Frame,
    token: String,
    org: String,
    email: String,
    role: String,
    /// What was typed as the name. (Not `name`: inside a component that is the name of the field.)
    typed: String,
    who: Who,
    errors: FieldErrors,
    problem: String,
}

#[derive(Default, Deserialize)]
pub(crate) struct JoinForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

pub(crate) async fn get(
    State(identity): State<Identity>,
    by: Option<Allowed<View>>,
    info: RequestInfo,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let invite = accept::find(&identity, &token).await?;
    let page = page(&identity, by.as_ref(), &info, (token, invite)).await?;
    Ok(show(&page)?.into_response())
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Option<Allowed<View>>,
    info: RequestInfo,
    origin: Origin,
    Path(token): Path<String>,
    Form(form): Form<JoinForm>,
) -> Result<Response, AppError> {
    let invite = accept::find(&identity, &token).await?;
    match enter(&identity, by.as_ref(), &invite, &form, &origin).await {
        Ok(cookie) => Ok(([(header::SET_COOKIE, cookie.header(&app)?)], Redirect::to("/")).into_response()),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let mut page = page(&identity, by.as_ref(), &info, (token, invite)).await?;
            page.typed = form.name;
            page.errors = FieldErrors::from(&error);
            page.problem = if page.errors.is_empty() { problem(&error) } else { String::new() };
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}

async fn enter(
    identity: &Identity,
    by: Option<&Allowed<View>>,
    invite: &InviteRow,
    form: &JoinForm,
    origin: &Origin,
) -> Result<open::Cookie, AppError> {
    let newcomer = match by.map(|by| (by.actor(), by.principal())) {
        Some((Actor::User(_), person)) if person.email == invite.email && person.sso => {
            return Err(AppError::forbidden(
                "your single sign-on speaks for its own organisation alone; sign out and accept with your password",
            ));
        }
        Some((Actor::User(id), person)) if person.email == invite.email => {
            Newcomer::Known { id, email: person.email.clone(), name: person.name.clone() }
        }
        Some(_) => return Err(AppError::conflict("this invitation is for somebody else; sign out first")),
        None => accept::newcomer(identity, invite, &form.name, &form.password, origin).await?,
    };
    let mut tx = identity.kernel().db.begin(invite.org).await?.called_from(origin.caller());
    let arrival = accept::join(&mut tx, invite, newcomer, origin).await?;
    let cookie = open::browser(&mut tx, arrival.user, origin).await?;
    tx.commit().await?;
    Ok(cookie)
}

async fn page(
    identity: &Identity,
    by: Option<&Allowed<View>>,
    info: &RequestInfo,
    (token, invite): (String, InviteRow),
) -> Result<InvitePage, AppError> {
    let title = format!("Join {}", invite.org_name);
    let who = match by {
        Some(by) if by.principal().email == invite.email => Who::Same,
        Some(by) => Who::Other(by.principal().name.clone()),
        None if system::user_by_email(&identity.kernel().db, &invite.email).await?.is_some() => Who::HasAccount,
        None => Who::New,
    };
    Ok(InvitePage {
        frame: by.map_or_else(|| Frame::signed_out(info, title.clone()), |by| by.frame(title.clone())),
        token,
        org: invite.org_name,
        email: invite.email,
        role: invite.role,
        typed: invite.name,
        who,
        errors: FieldErrors::default(),
        problem: String::new(),
    })
}
