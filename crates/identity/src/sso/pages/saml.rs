//! The page of a SAML connection: our addresses to copy, the identity provider's metadata and certificates, attributes.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::SsoId;
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, FieldErrors, Form, Frame, Patch, Path, Role, show};

use super::connection::{Choice, Line, default_choices, lines};
use super::{done, mendable};
use crate::origin::Origin;
use crate::sso::connections::change::{self, ConnectionPatch};
use crate::sso::connections::{list, steps};
use crate::sso::oidc::check::Step;
use crate::sso::saml::import::{self, MetadataIn};
use crate::sso::saml::{Addresses, CertificateOut, Settings};
use crate::store::sso::connections::{Connection, GroupRole};
use crate::store::sso::links::{self, Linked};

/// A certificate that ends sooner is marked.
const SOON: Duration = Duration::days(30);

#[derive(Template)]
#[template(path = "sso/saml.html")]
struct SamlPage {
    frame: Frame,
    id: SsoId,
    problem: String,
    errors: FieldErrors,
    ours: Addresses,
    certificates: Vec<Pinned>,
    /// (Not `name`: inside a component that is the name of the field.)
    called: String,
    issuer: String,
    enabled: bool,
    just_in_time: bool,
    idp_initiated: bool,
    settings: Settings,
    groups: Vec<Line>,
    defaults: Vec<Choice>,
    tested_at: Option<DateTime<Utc>>,
    steps: Vec<Step>,
    linked: Vec<Linked>,
}

/// A pinned certificate, with what to say of its end.
struct Pinned {
    subject: String,
    fingerprint: String,
    not_after: DateTime<Utc>,
    word: &'static str,
    tone: &'static str,
}

impl Pinned {
    fn new(certificate: CertificateOut, now: DateTime<Utc>) -> Self {
        let CertificateOut { subject, fingerprint, not_after } = certificate;
        let (word, tone) = match not_after {
            end if end <= now => ("ended", "risk"),
            end if end <= now + SOON => ("ends soon", "wait"),
            _ => ("pinned", "won"),
        };
        Self { subject, fingerprint, not_after, word, tone }
    }
}

/// What is sent. A switch that is off is not sent at all.
#[derive(Clone, Deserialize)]
pub(crate) struct SamlForm {
    name: String,
    issuer: String,
    sso_url: String,
    #[serde(default)]
    email_attribute: String,
    #[serde(default)]
    name_attribute: String,
    #[serde(default)]
    groups_attribute: String,
    #[serde(default)]
    name_id_format: String,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    just_in_time: bool,
    #[serde(default)]
    idp_initiated: bool,
    #[serde(default)]
    default_role: String,
    #[serde(default)]
    group: Vec<String>,
    #[serde(default)]
    role: Vec<Role>,
}

#[derive(Deserialize)]
pub(crate) struct Pem {
    certificate: String,
}

#[derive(Deserialize)]
pub(crate) struct Which {
    fingerprint: String,
}

pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Form(form): Form<SamlForm>,
) -> Result<Response, AppError> {
    let before = list::find(&by, id).await?;
    let patch = patch(form, &before)?;
    match change::change(&by, id, patch.clone(), &origin).await {
        Ok(saved) if saved.enabled => Ok(done("Saved; people can sign in by it", &format!("/settings/sso/{id}"))),
        Ok(_) => Ok(done("Saved; it is not in use yet", &format!("/settings/sso/{id}"))),
        Err(error) => {
            // What was typed stays on the page.
            let typed = change::patched(before, patch).0;
            again(&app, &by, typed, error).await
        }
    }
}

pub(crate) async fn metadata(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Form(metadata): Form<MetadataIn>,
) -> Result<Response, AppError> {
    match import::import(&by, id, metadata, &origin).await {
        Ok(changed) => {
            let pinned = Settings::of(&changed)?.certificates.len();
            let text = format!("The metadata is taken over; certificates pinned: {pinned}");
            Ok(done(text, &format!("/settings/sso/{id}")))
        }
        Err(error) => again(&app, &by, list::find(&by, id).await?, error).await,
    }
}

pub(crate) async fn pin(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Form(Pem { certificate }): Form<Pem>,
) -> Result<Response, AppError> {
    let before = list::find(&by, id).await?;
    let mut settings = Settings::of(&before)?;
    settings.certificates.push(certificate);
    match keep(&by, id, &settings, &origin).await {
        Ok(_) => Ok(done("The certificate is pinned", &format!("/settings/sso/{id}#certificates"))),
        Err(error) => again(&app, &by, before, error).await,
    }
}

pub(crate) async fn unpin(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Form(Which { fingerprint }): Form<Which>,
) -> Result<Response, AppError> {
    let before = list::find(&by, id).await?;
    let mut settings = Settings::of(&before)?;
    let pinned = settings.pinned()?;
    let mut all = pinned.iter();
    settings.certificates.retain(|_| all.next().is_none_or(|one| one.fingerprint() != fingerprint));
    match keep(&by, id, &settings, &origin).await {
        Ok(_) => Ok(done("The certificate is not trusted any more", &format!("/settings/sso/{id}#certificates"))),
        Err(error) => again(&app, &by, before, error).await,
    }
}

async fn keep(
    by: &Allowed<ManagePeople>,
    id: SsoId,
    settings: &Settings,
    origin: &Origin,
) -> Result<Connection, AppError> {
    let settings = Some(serde_json::to_value(settings).map_err(AppError::internal)?);
    change::change(by, id, ConnectionPatch { settings, ..ConnectionPatch::default() }, origin).await
}

/// The form as a change of the connection.
fn patch(form: SamlForm, before: &Connection) -> Result<ConnectionPatch, AppError> {
    let settings = Settings {
        sso_url: form.sso_url,
        email_attribute: form.email_attribute,
        name_attribute: form.name_attribute,
        groups_attribute: form.groups_attribute,
        name_id_format: form.name_id_format,
        ..Settings::of(before)?
    };
    let lines = form.group.into_iter().zip(form.role).filter(|(group, _)| !group.trim().is_empty());
    let lines = lines.map(|(group, role)| GroupRole { group: group.trim().to_owned(), role });
    Ok(ConnectionPatch {
        name: Some(form.name),
        enabled: Some(form.enabled),
        issuer: Some(form.issuer),
        settings: Some(serde_json::to_value(settings).map_err(AppError::internal)?),
        secret: Patch::Absent,
        group_roles: Some(lines.collect()),
        default_role: form.default_role.parse::<Role>().map_or(Patch::Null, Patch::Value),
        just_in_time: Some(form.just_in_time),
        idp_initiated: Some(form.idp_initiated),
    })
}

/// The page again, with what was wrong.
async fn again(
    app: &App,
    by: &Allowed<ManagePeople>,
    connection: Connection,
    error: AppError,
) -> Result<Response, AppError> {
    let (status, errors) = (error.status(), FieldErrors::from(&error));
    let text = mendable(error)?;
    Ok((status, page(app, by, connection, text, errors).await?).into_response())
}

pub(super) async fn page(
    app: &App,
    by: &Allowed<ManagePeople>,
    connection: Connection,
    problem: String,
    errors: FieldErrors,
) -> Result<Response, AppError> {
    let linked = links::list(&mut by.tx().await?, connection.id, super::connection::MOST_LINKED).await?;
    let settings = Settings::of(&connection)?;
    let certificates = settings.shown()?.into_iter().map(|one| Pinned::new(one, by.now())).collect();
    let page = SamlPage {
        frame: by.frame(connection.name.clone()),
        id: connection.id,
        problem,
        errors,
        ours: Addresses::of(&app.settings().public_url, connection.id),
        certificates,
        groups: lines(&connection.group_roles),
        defaults: default_choices(connection.default_role),
        tested_at: connection.tested_at,
        steps: steps(&connection),
        linked,
        called: connection.name,
        issuer: connection.issuer,
        enabled: connection.enabled,
        just_in_time: connection.just_in_time,
        idp_initiated: connection.idp_initiated,
        settings,
    };
    Ok(show(&page)?.into_response())
}
