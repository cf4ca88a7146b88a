//! `POST /scim/v2/Users`: a new person becomes a member, or a member who is here already becomes the provider's.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::db::{OrgTx, system};
use kernel::ids::{MemberId, UserId};
use shell::auth::permission::Scim;
use shell::{Allowed, Role};

use super::draft::{Draft, Wanted};
use super::write::{self, Hand};
use super::{found, rendered};
use crate::input::Email;
use crate::members::add::seat;
use crate::origin::Origin;
use crate::passwords;
use crate::scim::answer::{self, Answer, Object};
use crate::scim::projection::Projection;
use crate::scim::schema::USERS;
use crate::scim::{Provider, ScimError, attributes};
use crate::sso::domain_of;
use crate::store::sso::domains;
use crate::store::{members, provisioned};

/// What a provisioned person may do until their role is set: look.
const FIRST_ROLE: Role = Role::Viewer;

pub(crate) async fn post(
    State(provider): State<Provider>,
    by: Allowed<Scim>,
    origin: Origin,
    projection: Projection,
    Object(body): Object,
) -> Answer {
    let draft = Draft::of(attributes::read(&body, &USERS)?)?;
    let known = match draft.email() {
        Some(email) => {
            system::user_by_email(&provider.identity.kernel().db, email.as_str()).await?.map(|person| person.id)
        }
        None => None,
    };
    let hand = Hand { by: by.actor(), origin: &origin, whole: true };
    let mut tx = by.tx().await?;
    let id = match here(&mut tx, &draft).await? {
        Some(member) => member,
        None => joined(&mut tx, &draft, known, &hand).await?,
    };
    let locked = write::lock(&mut tx, id).await?;
    let before = found(&mut tx, &id.to_string()).await?;
    write::write(&mut tx, &before, locked, &draft, &hand).await?;
    let after = found(&mut tx, &id.to_string()).await?;
    let user = rendered(&mut tx, &after, provider.base.as_str()).await?;
    tx.commit().await?;
    provider.identity.doorkeeper().forget();
    Ok(answer::cut(StatusCode::CREATED, user, &projection, &USERS))
}

/// The member with this email whom no provider has written yet.
async fn here(tx: &mut OrgTx, draft: &Draft) -> Result<Option<MemberId>, ScimError> {
    let Some(email) = draft.email() else { return Ok(None) };
    let Some(id) = provisioned::by_email(tx, email.as_str()).await? else { return Ok(None) };
    match provisioned::find(tx, id).await? {
        Some(member) if member.scim.is_none() => Ok(Some(id)),
        _ => Err(ScimError::taken("there is a user with this email already")),
    }
}

/// Makes a person and their place.
async fn joined(tx: &mut OrgTx, draft: &Draft, known: Option<UserId>, hand: &Hand<'_>) -> Result<MemberId, ScimError> {
    let role = match draft.role(None)? {
        Wanted::Role(role) => role,
        Wanted::Same => FIRST_ROLE,
    };
    let user = match known {
        Some(user) if !system::retire_account(tx, user).await? => {
            elsewhere(tx, user, draft).await?;
            user
        }
        _ => fresh(tx, draft).await?,
    };
    Ok(seat(tx, user, role, hand.by, hand.origin).await?)
}

/// Somebody of another organisation comes in only if this one proved that the email's domain is its own. Nobody saw them
/// prove who they are, so that whatever could sign in to the account goes: the person resets the password by mail, or comes in
/// by single sign-on.
async fn elsewhere(tx: &mut OrgTx, user: UserId, draft: &Draft) -> Result<(), ScimError> {
    let email = draft.email().map(|email| email.to_string()).unwrap_or_default();
    if !domains::is_verified(tx, domain_of(&email)).await? {
        return Err(ScimError::taken(
            "a person with this email belongs to another organisation of this installation, and its domain is not verified \
             here; verify it under single sign-on, or invite them",
        ));
    }
    Ok(system::empty_account(tx, user, passwords::NO_PASSWORD).await?)
}

/// A new account.
async fn fresh(tx: &mut OrgTx, draft: &Draft) -> Result<UserId, ScimError> {
    let name = draft.name().unwrap_or_else(|| draft.user_name.chars().take(100).collect());
    let email = match draft.email() {
        Some(email) => email,
        None => nowhere(tx)?,
    };
    members::add_user(tx, &email, &name, passwords::NO_PASSWORD).await.map_err(write::taken)
}

/// The address of an account that has none: it cannot exist, and is another for each.
fn nowhere(tx: &OrgTx) -> Result<Email, ScimError> {
    let address = format!("{}@no-email.invalid", UserId::new(tx.clock()));
    Email::parse(&address).map_err(|reason| ScimError::bad("invalidValue", reason))
}
