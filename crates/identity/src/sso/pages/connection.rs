//! The page of one connection: what to enter at the provider, what it gave us, who gets which role, and a test.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::ids::{SsoId, UserId};
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, FieldErrors, Form, Frame, Patch, Path, Role, show};

use super::{Nothing, done, guide, mendable, saml};
use crate::Identity;
use crate::origin::Origin;
use crate::sso::connections::change::{self, ConnectionPatch};
use crate::sso::connections::{list, remove as removal, steps, test as testing};
use crate::sso::oidc::check::Step;
use crate::sso::oidc::{Brand, Settings, TokenAuth, callback_url};
use crate::store::sso::connections::{Connection, GroupRole, Kind};
use crate::store::sso::links::{self, Linked};

/// Empty lines at the end of the table of groups.
const SPARE: usize = 2;
/// More people than this are not on the page.
pub(super) const MOST_LINKED: i64 = 200;
/// The roles a group or the default may give.
const ROLES: [Role; 4] = [Role::Admin, Role::Analyst, Role::Agent, Role::Viewer];

#[derive(Template)]
#[template(path = "sso/connection.html")]
struct ConnectionPage {
    frame: Frame,
    id: SsoId,
    problem: String,
    errors: FieldErrors,
    /// What is our address at the provider.
    redirect_url: String,
    guide: &'static [&'static str],
    issuer_hint: &'static str,
    is_google: bool,
    form: Filled,
    groups: Vec<Line>,
    defaults: Vec<Choice>,
    auths: Vec<Choice>,
    tested_at: Option<DateTime<Utc>>,
    steps: Vec<Step>,
    linked: Vec<Linked>,
}

/// What stands in the form.
struct Filled {
    name: String,
    issuer: String,
    client_id: String,
    has_secret: bool,
    groups_claim: String,
    hosted_domain: String,
    enabled: bool,
    just_in_time: bool,
}

/// A line of the table of groups.
pub(super) struct Line {
    pub(super) group: String,
    pub(super) roles: Vec<Choice>,
}

/// An option of a select.
pub(super) struct Choice {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    pub(super) selected: bool,
}

/// What is sent. A switch that is off is not sent at all.
#[derive(Clone, Deserialize)]
pub(crate) struct ConnectionForm {
    name: String,
    issuer: String,
    client_id: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    token_auth: String,
    #[serde(default)]
    groups_claim: String,
    #[serde(default)]
    hosted_domain: String,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    just_in_time: bool,
    #[serde(default)]
    default_role: String,
    #[serde(default)]
    group: Vec<String>,
    #[serde(default)]
    role: Vec<Role>,
}

#[derive(Deserialize)]
pub(crate) struct Who {
    user: UserId,
}

pub(crate) async fn get(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
) -> Result<Response, AppError> {
    let connection = list::find(&by, id).await?;
    page(&app, &by, connection, String::new(), FieldErrors::default()).await
}

pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Form(form): Form<ConnectionForm>,
) -> Result<Response, AppError> {
    let before = list::find(&by, id).await?;
    let patch = patch(&form, &before)?;
    match change::change(&by, id, patch.clone(), &origin).await {
        Ok(saved) if saved.enabled => Ok(done("Saved; people can sign in by it", &format!("/settings/sso/{id}"))),
        Ok(_) => Ok(done("Saved; it is not in use yet", &format!("/settings/sso/{id}"))),
        Err(error) => {
            let (status, errors) = (error.status(), FieldErrors::from(&error));
            let text = mendable(error)?;
            // What was typed stays on the page, but for the secret.
            let typed = change::patched(before, ConnectionPatch { secret: Patch::Absent, ..patch }).0;
            Ok((status, page(&app, &by, typed, text, errors).await?).into_response())
        }
    }
}

pub(crate) async fn test(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let href = format!("/settings/sso/{id}#test");
    let ok = testing::test(&app, &by, id).await?.ok;
    let found = if ok { "Everything a sign-in needs is there" } else { "The test found something; see below" };
    Ok(done(found, &href))
}

pub(crate) async fn unlink(
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Form(Who { user }): Form<Who>,
) -> Result<Response, AppError> {
    removal::unlink(&by, id, user, &origin).await?;
    Ok(done("The link is removed; their next sign-in makes a new one", &format!("/settings/sso/{id}")))
}

pub(crate) async fn remove(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    match removal::remove(&identity, &by, id, &origin).await {
        Ok(()) => Ok(done("The connection is removed", "/settings/sso")),
        Err(error) => {
            let (status, text) = (error.status(), mendable(error)?);
            let connection = list::find(&by, id).await?;
            Ok((status, page(&app, &by, connection, text, FieldErrors::default()).await?).into_response())
        }
    }
}

/// The form as a change of the connection.
fn patch(form: &ConnectionForm, before: &Connection) -> Result<ConnectionPatch, AppError> {
    if before.kind != Kind::Oidc {
        return Err(AppError::not_found("connection"));
    }
    let kept = Settings::of(before)?;
    let token_auth = match form.token_auth.as_str() {
        "client_secret_basic" => Some(TokenAuth::ClientSecretBasic),
        "client_secret_post" => Some(TokenAuth::ClientSecretPost),
        _ => None,
    };
    let settings = Settings {
        client_id: form.client_id.clone(),
        token_auth,
        groups_claim: form.groups_claim.clone(),
        hosted_domain: form.hosted_domain.clone(),
        ..kept
    };
    let lines = form.group.iter().zip(&form.role).filter(|(group, _)| !group.trim().is_empty());
    let default_role = form.default_role.parse::<Role>().map_or(Patch::Null, Patch::Value);
    Ok(ConnectionPatch {
        name: Some(form.name.clone()),
        enabled: Some(form.enabled),
        issuer: Some(form.issuer.clone()),
        settings: Some(serde_json::to_value(settings).map_err(AppError::internal)?),
        secret: if form.secret.is_empty() { Patch::Absent } else { Patch::Value(form.secret.clone()) },
        group_roles: Some(
            lines.map(|(group, role)| GroupRole { group: group.trim().to_owned(), role: *role }).collect(),
        ),
        default_role,
        just_in_time: Some(form.just_in_time),
        idp_initiated: None,
    })
}

async fn page(
    app: &App,
    by: &Allowed<ManagePeople>,
    connection: Connection,
    problem: String,
    errors: FieldErrors,
) -> Result<Response, AppError> {
    if connection.kind == Kind::Saml {
        return saml::page(app, by, connection, problem, errors).await;
    }
    let linked = links::list(&mut by.tx().await?, connection.id, MOST_LINKED).await?;
    let settings = Settings::of(&connection).unwrap_or_default();
    let page = ConnectionPage {
        frame: by.frame(connection.name.clone()),
        id: connection.id,
        problem,
        errors,
        redirect_url: callback_url(&app.settings().public_url, connection.id),
        guide: guide::steps(settings.brand),
        issuer_hint: guide::issuer(settings.brand),
        is_google: settings.brand == Brand::Google,
        groups: lines(&connection.group_roles),
        defaults: default_choices(connection.default_role),
        auths: auths(settings.token_auth),
        tested_at: connection.tested_at,
        steps: steps(&connection),
        linked,
        form: Filled {
            name: connection.name,
            issuer: connection.issuer,
            client_id: settings.client_id,
            has_secret: connection.secret.is_some(),
            groups_claim: settings.groups_claim,
            hosted_domain: settings.hosted_domain,
            enabled: connection.enabled,
            just_in_time: connection.just_in_time,
        },
    };
    Ok(show(&page)?.into_response())
}

/// The table of groups, with empty lines at its end.
pub(super) fn lines(groups: &[GroupRole]) -> Vec<Line> {
    let filled = groups.iter().map(|one| line(&one.group, one.role));
    filled.chain((0..SPARE).map(|_| line("", Role::Viewer))).collect()
}

/// What becomes of somebody in none of the groups.
pub(super) fn default_choices(chosen: Option<Role>) -> Vec<Choice> {
    let nobody = Choice { word: "", label: "nobody: only people in a group above", selected: chosen.is_none() };
    [nobody].into_iter().chain(choices(chosen)).collect()
}

fn line(group: &str, role: Role) -> Line {
    Line { group: group.to_owned(), roles: choices(Some(role)) }
}

fn choices(chosen: Option<Role>) -> Vec<Choice> {
    ROLES.map(|role| Choice { word: role.as_str(), label: role.as_str(), selected: chosen == Some(role) }).into()
}

fn auths(chosen: Option<TokenAuth>) -> Vec<Choice> {
    [
        ("", "as the provider prefers", None),
        ("client_secret_basic", "in the header (client_secret_basic)", Some(TokenAuth::ClientSecretBasic)),
        ("client_secret_post", "in the form (client_secret_post)", Some(TokenAuth::ClientSecretPost)),
    ]
    .map(|(word, label, auth)| Choice { word, label, selected: auth == chosen })
    .into()
}
