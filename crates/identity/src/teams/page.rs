//! `/settings/teams` and one team of it; every action answers with the part of the page that it changed.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::ids::{MemberId, TeamId};
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Detail, FieldErrors, Form, Frame, Page, Path, Toast, show};

use super::{change, create, delete, membership};
use crate::origin::Origin;
use crate::store::members;
use crate::store::teams::{self, Fellow, Team};

/// More teams or people than this are not on one page; the API lists all.
const MOST: u32 = 500;

#[derive(Template)]
#[template(path = "teams/list.html")]
struct TeamsPage {
    frame: Frame,
    teams: List,
}

#[derive(Template)]
#[template(path = "teams/_teams.html")]
struct List {
    csrf: String,
    teams: Vec<Team>,
    /// What was typed as the name.
    typed: String,
    errors: FieldErrors,
}

#[derive(Template)]
#[template(path = "teams/show.html")]
struct TeamPage {
    frame: Frame,
    team: One,
}

#[derive(Template)]
#[template(path = "teams/_team.html")]
struct One {
    csrf: String,
    team: Team,
    fellows: Vec<Fellow>,
    /// Who may be put in.
    others: Vec<Fellow>,
    typed: String,
    errors: FieldErrors,
}

#[derive(Deserialize)]
pub(crate) struct NameForm {
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct MemberForm {
    member: MemberId,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn list(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    let teams = all(&by).await?;
    Ok(show(&TeamsPage { frame: by.frame("Teams"), teams })?.into_response())
}

pub(crate) async fn make(
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(NameForm { name }): Form<NameForm>,
) -> Result<Response, AppError> {
    let made = create::create(&by, &name, &origin).await;
    let mut teams = all(&by).await?;
    let toast = match made {
        Ok(team) => Some(Toast::done(format!("{} is there", team.name))),
        Err(error) => {
            (teams.typed, teams.errors) = (name, complaints(error)?);
            None
        }
    };
    if by.request().fragment {
        return Ok((toast, show(&teams)?).into_response());
    }
    if teams.errors.is_empty() {
        return Ok(Redirect::to("/settings/teams").into_response());
    }
    Ok(show(&TeamsPage { frame: by.frame("Teams"), teams })?.into_response())
}

pub(crate) async fn one(by: Allowed<ManagePeople>, Path(id): Path<TeamId>) -> Result<Response, AppError> {
    let team = whole(&by, id).await?;
    Ok(show(&TeamPage { frame: by.frame(team.team.name.clone()), team })?.into_response())
}

pub(crate) async fn rename(
    by: Allowed<ManagePeople>,
    Path(id): Path<TeamId>,
    origin: Origin,
    Form(NameForm { name }): Form<NameForm>,
) -> Result<Response, AppError> {
    match change::rename(&by, id, &name, &origin).await {
        Ok(team) => {
            answer(&by, Some(Toast::done(format!("The team is called {} now", team.name))), whole(&by, id).await?)
        }
        Err(error) => {
            let errors = complaints(error)?;
            let team = whole(&by, id).await?;
            answer(&by, None, One { typed: name, errors, ..team })
        }
    }
}

pub(crate) async fn put(
    by: Allowed<ManagePeople>,
    Path(id): Path<TeamId>,
    origin: Origin,
    Form(MemberForm { member }): Form<MemberForm>,
) -> Result<Response, AppError> {
    membership::set(&by, id, member, true, &origin).await?;
    answer(&by, None, whole(&by, id).await?)
}

pub(crate) async fn take(
    by: Allowed<ManagePeople>,
    Path((id, member)): Path<(TeamId, MemberId)>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    membership::set(&by, id, member, false, &origin).await?;
    answer(&by, None, whole(&by, id).await?)
}

/// Leads back to the list: the page of the team is gone with it.
pub(crate) async fn end(
    by: Allowed<ManagePeople>,
    Path(id): Path<TeamId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Redirect, AppError> {
    delete::remove(&by, id, &origin).await?;
    Ok(Redirect::to("/settings/teams"))
}

fn answer(by: &Allowed<ManagePeople>, toast: Option<Toast>, team: One) -> Result<Response, AppError> {
    if by.request().fragment {
        return Ok((toast, show(&team)?).into_response());
    }
    if team.errors.is_empty() {
        return Ok(Redirect::to(&format!("/settings/teams/{}", team.team.id)).into_response());
    }
    Ok(show(&TeamPage { frame: by.frame(team.team.name.clone()), team })?.into_response())
}

/// What to say at the field; an error that is not about the name goes on.
fn complaints(error: AppError) -> Result<FieldErrors, AppError> {
    match (&error, error.details()) {
        (_, [_, ..]) => Ok(FieldErrors::from(&error)),
        (AppError::Conflict(text), _) => Ok(FieldErrors::from(vec![Detail::new("name", text.to_string())])),
        _ => Err(error),
    }
}

async fn all(by: &Allowed<ManagePeople>) -> Result<List, AppError> {
    let mut tx = by.tx().await?;
    let teams = teams::list(&mut tx, None, i64::from(MOST)).await?;
    Ok(List { csrf: by.frame("").csrf, teams, typed: String::new(), errors: FieldErrors::default() })
}

async fn whole(by: &Allowed<ManagePeople>, id: TeamId) -> Result<One, AppError> {
    let mut tx = by.tx().await?;
    let team = teams::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("team"))?;
    let fellows = teams::fellows(&mut tx, id, None, i64::from(MOST)).await?;
    let mut others = members::list(&mut tx, &Page { limit: MOST, after: None }).await?;
    others.retain(|member| fellows.iter().all(|fellow| fellow.id != member.id));
    others.sort_by_key(|member| member.name.to_lowercase());
    Ok(One {
        csrf: by.frame("").csrf,
        typed: team.name.clone(),
        team,
        fellows,
        others: others
            .into_iter()
            .map(|member| Fellow { id: member.id, name: member.name, email: member.email })
            .collect(),
        errors: FieldErrors::default(),
    })
}
