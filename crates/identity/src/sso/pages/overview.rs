//! The overview: what is connected, which domains are ours, and whether there is another way in.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::ids::SsoId;
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Form, Frame, Patch, Role, show};

use super::{done, mendable};
use crate::Identity;
use crate::origin::Origin;
use crate::sso::connections::create::{self, ConnectionIn};
use crate::sso::domains::record;
use crate::sso::oidc::Brand;
use crate::sso::policy;
use crate::store::sso::connections::{self, Connection, Kind};
use crate::store::sso::domains;

#[derive(Template)]
#[template(path = "sso/show.html")]
struct OverviewPage {
    frame: Frame,
    problem: String,
    connections: Vec<Row>,
    domains: Vec<Domain>,
    only: bool,
    since: Option<DateTime<Utc>>,
}

/// A connection in the list.
struct Row {
    id: SsoId,
    name: String,
    kind: &'static str,
    issuer: String,
    enabled: bool,
    tested_at: Option<DateTime<Utc>>,
    works: bool,
}

impl From<Connection> for Row {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id,
            works: connection.works(),
            kind: if connection.kind == Kind::Oidc { "OpenID Connect" } else { "SAML" },
            enabled: connection.enabled,
            tested_at: connection.tested_at,
            name: connection.name,
            issuer: connection.issuer,
        }
    }
}

/// A domain in the list.
struct Domain {
    name: String,
    record: String,
    verified_at: Option<DateTime<Utc>>,
    by_operator: bool,
}

impl From<domains::Domain> for Domain {
    fn from(domain: domains::Domain) -> Self {
        let by_operator = domain.verified_by.as_deref() == Some("operator");
        Self { record: record(&domain), name: domain.name, verified_at: domain.verified_at, by_operator }
    }
}

#[derive(Deserialize)]
pub(crate) struct Connect {
    kind: Kind,
    #[serde(default)]
    brand: Brand,
}

#[derive(Deserialize)]
pub(crate) struct Only {
    on: bool,
}

pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    page(&by, String::new()).await
}

/// A draft: its address has to be registered at the provider before it can be completed.
pub(crate) async fn connect(
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(Connect { kind, brand }): Form<Connect>,
) -> Result<Response, AppError> {
    let name = match (kind, brand) {
        (Kind::Saml, _) => "SAML",
        (Kind::Oidc, Brand::Okta) => "Okta",
        (Kind::Oidc, Brand::Entra) => "Microsoft Entra",
        (Kind::Oidc, Brand::Google) => "Google",
        (Kind::Oidc, Brand::Other) => "OpenID Connect",
    };
    let draft = ConnectionIn {
        kind,
        name: name.into(),
        enabled: false,
        issuer: if brand == Brand::Google { "https://accounts.google.com".into() } else { String::new() },
        settings: if kind == Kind::Oidc { json!({ "brand": brand }) } else { json!({}) },
        secret: None,
        group_roles: Vec::new(),
        default_role: Patch::Value(Role::Viewer),
        just_in_time: Some(true),
        idp_initiated: false,
    };
    match create::create(&by, draft, &origin).await {
        Ok(made) => Ok(Redirect::to(&format!("/settings/sso/{}", made.id)).into_response()),
        Err(error) => problem(&by, error).await,
    }
}

pub(crate) async fn only(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(Only { on }): Form<Only>,
) -> Result<Response, AppError> {
    match policy::set(&identity, &by, on, &origin).await {
        Ok(()) if on => Ok(done("Members on your domains now sign in by single sign-on only", "/settings/sso")),
        Ok(()) => Ok(done("Passwords and passkeys are allowed again", "/settings/sso")),
        Err(error) => problem(&by, error).await,
    }
}

/// The page again, with what was wrong.
pub(super) async fn problem(by: &Allowed<ManagePeople>, error: AppError) -> Result<Response, AppError> {
    let status = error.status();
    let text = mendable(error)?;
    Ok((status, page(by, text).await?).into_response())
}

async fn page(by: &Allowed<ManagePeople>, problem: String) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let connections = connections::list(&mut tx).await?;
    let domains = domains::list(&mut tx).await?;
    drop(tx);
    let policy = policy::policy(by).await?;
    let page = OverviewPage {
        frame: by.frame("Single sign-on"),
        problem,
        connections: connections.into_iter().map(Row::from).collect(),
        domains: domains.into_iter().map(Domain::from).collect(),
        only: policy.sso_only,
        since: policy.since,
    };
    Ok((StatusCode::OK, show(&page)?).into_response())
}
