//! A person's own password: changing it needs the one in force and ends every other session.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::audit::{self, AuditEntry};
use kernel::db::system;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Detail, FieldErrors, Form, Json, Toast, show};
use utoipa::ToSchema;

use super::{Card, answer};
use crate::input::Check;
use crate::origin::Origin;
use crate::sessions::list::person;
use crate::{Identity, reset, sign_in};

#[derive(Template)]
#[template(path = "profile/_password.html")]
struct PasswordCard {
    csrf: String,
    email: String,
    errors: FieldErrors,
    problem: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordIn {
    /// The password in force.
    #[schema(format = Password)]
    current: String,
    /// The new one.
    #[schema(format = Password)]
    password: String,
}

/// Change your own password. Your other sessions end, in every organisation.
#[utoipa::path(put, path = "/v2/auth/password", tag = "auth", request_body = PasswordIn,
    responses((status = 204, description = "The new password holds."), (status = 422, description = "The current one is not right, or the new one will not do."),
        (status = 429, description = "Too many wrong guesses; see `Retry-After`.")))]
pub(crate) async fn put(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Json(new): Json<PasswordIn>,
) -> Result<StatusCode, AppError> {
    change(&identity, &by, new, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Form(new): Form<PasswordIn>,
) -> Result<Response, AppError> {
    match change(&identity, &by, new, &origin).await {
        Ok(()) => {
            let toast = Toast::done("The new password holds; your other sessions are over");
            answer(&identity, &by, Some(toast), (Card::Password, card(&by)?, true)).await
        }
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let errors = FieldErrors::from(&error);
            let problem = if errors.is_empty() { sign_in::page::problem(&error) } else { String::new() };
            let card = shown(&by, errors, problem)?;
            answer(&identity, &by, None, (Card::Password, card, false)).await
        }
    }
}

pub(super) fn card(by: &Allowed<View>) -> Result<String, AppError> {
    shown(by, FieldErrors::default(), String::new())
}

fn shown(by: &Allowed<View>, errors: FieldErrors, problem: String) -> Result<String, AppError> {
    Ok(show(&PasswordCard { csrf: by.frame("").csrf, email: by.principal().email.clone(), errors, problem })?.0)
}

async fn change(identity: &Identity, by: &Allowed<View>, new: PasswordIn, origin: &Origin) -> Result<(), AppError> {
    let PasswordIn { current, password } = new;
    let caller = by.principal();
    let user = person(caller)?;
    let mut check = Check::default();
    check.about(&[&caller.email, &caller.name]);
    let password = check.password("password", &password);
    check.done()?;
    // The same door as at sign-in, so that a stolen session cannot guess the password here.
    sign_in::prove(identity, &caller.email, &current, origin).await.map_err(|error| match error {
        AppError::Unauthenticated(_) => AppError::fields(vec![Detail::new("current", "is not right")]),
        other => other,
    })?;
    let hash = identity.hasher().hash(password).await?;
    system::set_password_hash(&identity.kernel().db, user, &hash, by.now(), caller.session).await?;
    let mut tx = by.tx().await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "password.changed").about(user).from_ip(origin.ip)).await?;
    reset::tell_of_change(identity.kernel(), &mut tx, &caller.email, origin).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(())
}
