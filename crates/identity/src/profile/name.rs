//! A person's own name.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::audit::{self, AuditEntry};
use kernel::db::system;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, FieldErrors, Form, Json, Toast, show};
use utoipa::ToSchema;

use super::{Card, answer};
use crate::Identity;
use crate::input::Check;
use crate::origin::Origin;
use crate::sessions::list::person;

#[derive(Template)]
#[template(path = "profile/_name.html")]
struct NameCard {
    csrf: String,
    email: String,
    /// What stands in the field. (Not `name`: inside a component that is the name of the field.)
    typed: String,
    errors: FieldErrors,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ProfilePatch {
    /// How others see you, in every organisation.
    #[schema(example = "Dana Whitfield")]
    name: String,
}

/// Change your own name.
#[utoipa::path(patch, path = "/v2/auth/profile", tag = "auth", request_body = ProfilePatch,
    responses((status = 204, description = "It is your name now."), (status = 409, description = "An API key is no person.")))]
pub(crate) async fn patch(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Json(ProfilePatch { name }): Json<ProfilePatch>,
) -> Result<StatusCode, AppError> {
    change(&identity, &by, &name, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Form(ProfilePatch { name }): Form<ProfilePatch>,
) -> Result<Response, AppError> {
    match change(&identity, &by, &name, &origin).await {
        Ok(name) => {
            let card = shown(&by, name, FieldErrors::default())?;
            answer(&identity, &by, Some(Toast::done("Your name is changed")), (Card::Name, card, true)).await
        }
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let card = shown(&by, name, FieldErrors::from(&error))?;
            answer(&identity, &by, None, (Card::Name, card, false)).await
        }
    }
}

pub(super) fn card(by: &Allowed<View>) -> Result<String, AppError> {
    shown(by, by.principal().name.clone(), FieldErrors::default())
}

fn shown(by: &Allowed<View>, typed: String, errors: FieldErrors) -> Result<String, AppError> {
    Ok(show(&NameCard { csrf: by.frame("").csrf, email: by.principal().email.clone(), typed, errors })?.0)
}

async fn change(identity: &Identity, by: &Allowed<View>, name: &str, origin: &Origin) -> Result<String, AppError> {
    let user = person(by.principal())?;
    let mut check = Check::default();
    let name = check.name("name", name);
    check.done()?;
    system::set_user_name(&identity.kernel().db, user, &name).await?;
    let mut tx = by.tx().await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "person.renamed").about(user).from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(name)
}
