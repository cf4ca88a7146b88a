//! `/settings/people`: members, roles and invitations on one page; every action answers with the list as it is now.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::db::system;
use kernel::ids::{InviteId, MemberId, UserId};
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, FieldErrors, Form, Frame, Page, Path, Role, Toast, show};

use super::{remove, role, suspension};
use crate::Identity;
use crate::invites::{create, revoke};
use crate::origin::Origin;
use crate::store::invites::{self, Invite};
use crate::store::members::{self, Member};

/// More people than this are not on one page; the API lists all.
const MOST: u32 = 500;

#[derive(Template)]
#[template(path = "members/show.html")]
struct PeoplePage {
    frame: Frame,
    people: People,
}

/// The part of the page that every action replaces.
#[derive(Template)]
#[template(path = "members/_people.html")]
struct People {
    csrf: String,
    members: Vec<MemberRow>,
    invites: Vec<InviteRow>,
    invite_roles: Vec<Choice>,
    made: Option<Made>,
    email: String,
    errors: FieldErrors,
}

struct MemberRow {
    id: MemberId,
    name: String,
    email: String,
    role: Role,
    you: bool,
    suspended: bool,
    seen_at: Option<DateTime<Utc>>,
    /// Whether they have a second factor.
    factor: bool,
    /// The roles to choose from; empty when the caller may not change this member.
    roles: Vec<Choice>,
}

struct InviteRow {
    id: InviteId,
    email: String,
    role: Role,
    created_at: DateTime<Utc>,
    ended: bool,
}

struct Choice {
    word: Role,
    selected: bool,
}

/// An invitation made a moment ago, with its link.
struct Made {
    email: String,
    link: String,
}

#[derive(Deserialize)]
pub(crate) struct InviteForm {
    email: String,
    role: Role,
}

#[derive(Deserialize)]
pub(crate) struct RoleForm {
    role: Role,
}

#[derive(Deserialize)]
pub(crate) struct SuspensionForm {
    suspended: bool,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    let people = people(&by).await?;
    Ok(show(&PeoplePage { frame: by.frame("People"), people })?.into_response())
}

pub(crate) async fn invite(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(form): Form<InviteForm>,
) -> Result<Response, AppError> {
    match create::create(&by, &form.email, form.role, &origin).await {
        Ok((invite, token)) => {
            let mut list = people(&by).await?;
            list.made = Some(Made { email: invite.email, link: create::link(&app, &token) });
            answer(&by, None, list)
        }
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let mut list = people(&by).await?;
            list.errors = match error.details() {
                [] => FieldErrors::from(vec![shell::Detail::new("email", error.to_string())]),
                details => FieldErrors::from(details.to_vec()),
            };
            list.email = form.email;
            for choice in &mut list.invite_roles {
                choice.selected = choice.word == form.role;
            }
            answer(&by, None, list)
        }
    }
}

pub(crate) async fn take_back(
    by: Allowed<ManagePeople>,
    Path(id): Path<InviteId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    revoke::revoke(&by, id, &origin).await?;
    let list = people(&by).await?;
    answer(&by, Some(Toast::done("The link does not work any more")), list)
}

pub(crate) async fn change_role(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
    Form(RoleForm { role }): Form<RoleForm>,
) -> Result<Response, AppError> {
    let toast = match role::change(&identity, &by, id, role, &origin).await {
        Ok(member) => Toast::done(format!("{} is {role} now", member.name)),
        Err(error) if error.status().is_server_error() => return Err(error),
        // The list is shown again, so that the choice reads what is true.
        Err(error) => Toast::problem(error.to_string()),
    };
    let list = people(&by).await?;
    answer(&by, Some(toast), list)
}

pub(crate) async fn suspend(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
    Form(SuspensionForm { suspended }): Form<SuspensionForm>,
) -> Result<Response, AppError> {
    let toast = match suspension::change(&identity, &by, id, suspended, &origin).await {
        Ok(member) if suspended => Toast::done(format!("{} may not sign in any more", member.name)),
        Ok(member) => Toast::done(format!("{} may sign in again", member.name)),
        Err(error) if error.status().is_server_error() => return Err(error),
        Err(error) => Toast::problem(error.to_string()),
    };
    let list = people(&by).await?;
    answer(&by, Some(toast), list)
}

pub(crate) async fn removal(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let name = remove::remove(&identity, &by, id, &origin).await?;
    let list = people(&by).await?;
    answer(&by, Some(Toast::done(format!("{name} is no member any more"))), list)
}

/// Takes a member's second factors away. A form, not a fragment: it may lead through a fresh proof.
pub(crate) async fn reset_factors(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let toast = match crate::factors::reset::reset(&identity, &by, id, &origin).await {
        Ok(name) => Toast::done(format!("{name} signs in with the password alone and can set up a new second factor")),
        Err(AppError::Conflict(why)) => Toast::problem(why),
        Err(error) => return Err(error),
    };
    Ok((toast.on_next_page(), Redirect::to("/settings/people")).into_response())
}

/// The list for htmx, the whole page for a browser without script.
fn answer(by: &Allowed<ManagePeople>, toast: Option<Toast>, people: People) -> Result<Response, AppError> {
    if by.request().fragment {
        return Ok((toast, show(&people)?).into_response());
    }
    if people.made.is_none() && people.errors.is_empty() {
        return Ok(Redirect::to("/settings/people").into_response());
    }
    Ok(show(&PeoplePage { frame: by.frame("People"), people })?.into_response())
}

async fn people(by: &Allowed<ManagePeople>) -> Result<People, AppError> {
    let mut tx = by.tx().await?;
    let members = members::list(&mut tx, &Page { limit: MOST, after: None }).await?;
    let with_factor = system::members_with_factor(&by.kernel().db, by.org()).await?;
    let open = invites::open(&mut tx, None, i64::from(MOST)).await?;
    Ok(People {
        csrf: by.frame("").csrf,
        members: members.into_iter().map(|member| row(by, member, &with_factor)).collect(),
        invites: open.into_iter().map(|invite| invited(invite, by.now())).collect(),
        invite_roles: choices(by, Role::Agent),
        made: None,
        email: String::new(),
        errors: FieldErrors::default(),
    })
}

fn row(by: &Allowed<ManagePeople>, member: Member, with_factor: &[UserId]) -> MemberRow {
    let Member { id, user, name, email, role, joined_at: _, seen_at, suspended_at } = member;
    let roles = if super::may_touch(by.principal(), role).is_ok() { choices(by, role) } else { Vec::new() };
    let (you, suspended, factor) = (by.member() == Some(id), suspended_at.is_some(), with_factor.contains(&user));
    MemberRow { id, name, email, role, you, suspended, seen_at, factor, roles }
}

fn invited(invite: Invite, now: DateTime<Utc>) -> InviteRow {
    let Invite { id, email, role, created_at, expires_at } = invite;
    InviteRow { id, email, role, created_at, ended: expires_at <= now }
}

fn choices(by: &Allowed<ManagePeople>, selected: Role) -> Vec<Choice> {
    let may = |role: &Role| super::may_touch(by.principal(), *role).is_ok();
    Role::ALL.into_iter().filter(may).map(|word| Choice { word, selected: word == selected }).collect()
}
