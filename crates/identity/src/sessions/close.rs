//! Closing a session: signing out, here or everywhere.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect};
use kernel::audit::{self, AuditEntry};
use kernel::ids::{OrgId, SessionId};
use kernel::ledger::Actor;
use shell::auth::clear_session_cookie;
use shell::auth::permission::View;
use shell::{Allowed, App, AppError, Frame, MaybeSignedIn, Principal, show};

use crate::Identity;
use crate::origin::Origin;
use crate::store::sessions;

/// Sign out: ends the session behind the access token or cookie, with all its refresh tokens.
#[utoipa::path(delete, path = "/v2/auth/session", tag = "auth",
    responses((status = 204, description = "The session is over."), (status = 409, description = "An API key has no session.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<View>,
    origin: Origin,
) -> Result<impl IntoResponse, AppError> {
    let session =
        by.principal().session.ok_or_else(|| AppError::conflict("an API key has no session; delete the key"))?;
    close(&identity, by.principal(), session, &origin).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, clear_session_cookie(app.is_secure()))]))
}

/// Asks before signing out: for whoever types the address.
#[derive(Template)]
#[template(path = "sessions/sign_out.html")]
struct SignOutPage {
    frame: Frame,
}

/// `GET /sign-out`.
pub(crate) async fn ask(by: Allowed<View>) -> Result<Html<String>, AppError> {
    show(&SignOutPage { frame: by.frame("Sign out") })
}

/// `POST /sign-out`: ends the browser session; without one there is nothing to end.
pub(crate) async fn page(
    State(identity): State<Identity>,
    State(app): State<App>,
    MaybeSignedIn(principal): MaybeSignedIn,
    origin: Origin,
) -> Result<([(header::HeaderName, HeaderValue); 1], Redirect), AppError> {
    if let Some(principal) = principal
        && let Some(session) = principal.session
    {
        close(&identity, &principal, session, &origin).await?;
    }
    Ok(([(header::SET_COOKIE, clear_session_cookie(app.is_secure()))], Redirect::to("/sign-in?left=yes")))
}

pub(crate) async fn close(
    identity: &Identity,
    principal: &Principal,
    session: SessionId,
    origin: &Origin,
) -> Result<(), AppError> {
    let mut tx = identity.kernel().db.begin(principal.org).await?.called_from(origin.caller());
    if sessions::revoke(&mut tx, session).await? {
        audit::record(&mut tx, AuditEntry::new(principal.actor, "sign_out").about(session).from_ip(origin.ip)).await?;
    }
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(())
}

/// Ends a family whose refresh token was used twice: one of the two users is a thief, and nobody knows which.
pub(crate) async fn close_family(
    identity: &Identity,
    org: OrgId,
    session: SessionId,
    origin: &Origin,
) -> Result<(), AppError> {
    let mut tx = identity.kernel().db.begin(org).await?.called_from(origin.caller());
    if sessions::revoke(&mut tx, session).await? {
        audit::record(&mut tx, AuditEntry::new(Actor::System, "refresh.reused").about(session).from_ip(origin.ip))
            .await?;
    }
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(())
}
