//! `/organisations`: going from one organisation to another, for a person who belongs to several.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::db::system::{self, Seat};
use kernel::ids::{OrgId, UserId};
use kernel::ledger::Actor;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, App, AppError, Form, Frame, Path, show};

use super::{Came, Proof, ProvedAt, close, open};
use crate::origin::Origin;
use crate::{Identity, sign_in};

#[derive(Template)]
#[template(path = "sessions/organisations.html")]
struct OrganisationsPage {
    frame: Frame,
    here: OrgId,
    seats: Vec<Seat>,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn get(State(identity): State<Identity>, by: Allowed<View>) -> Result<Html<String>, AppError> {
    let mut seats = system::seats_of(&identity.kernel().db, person(&by)?).await?;
    seats.sort_by(|one, other| one.org_name.cmp(&other.org_name));
    show(&OrganisationsPage { frame: by.frame("Organisations"), here: by.org(), seats })
}

/// A new session there, and the end of the one here: a cookie belongs to one organisation.
pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<View>,
    Path(org): Path<OrgId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let user = person(&by)?;
    if by.principal().sso {
        return Err(AppError::forbidden(
            "you came in through the single sign-on of this organisation, which speaks for it alone; sign out and sign in to \
             the other one",
        ));
    }
    let seat = sign_in::seat(&identity, user, Some(org)).await?;
    let mut tx = identity.kernel().db.begin(seat.org).await?.called_from(origin.caller());
    let proof = Proof { by: Came::Password, at: ProvedAt::Before(by.principal().verified_at) };
    let cookie = open::browser_by(&mut tx, user, &origin, proof).await?;
    tx.commit().await?;
    if let Some(session) = by.principal().session {
        close::close(&identity, by.principal(), session, &origin).await?;
    }
    Ok(([(header::SET_COOKIE, cookie.header(&app)?)], Redirect::to("/")).into_response())
}

fn person(by: &Allowed<View>) -> Result<UserId, AppError> {
    match by.actor() {
        Actor::User(user) => Ok(user),
        _ => Err(AppError::conflict("an API key belongs to one organisation")),
    }
}
