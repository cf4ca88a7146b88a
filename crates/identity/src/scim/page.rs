//! `/settings/scim`: what an identity provider needs to know, a token for it, and what it asked for lately.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Form, Frame, Permission, show};

use super::Base;
use crate::keys::create::{self, NewKey};
use crate::store::keys::{self, ApiKey};
use crate::store::scim_log::{self, Noted};

/// More keys than this are not looked through for those of providers.
const MOST: i64 = 500;

#[derive(Template)]
#[template(path = "scim/show.html")]
struct ScimPage {
    frame: Frame,
    setup: Setup,
}

/// The part of the page that making a token replaces.
#[derive(Template)]
#[template(path = "scim/_setup.html")]
struct Setup {
    csrf: String,
    base: String,
    /// A token made a moment ago.
    made: Option<String>,
    keys: Vec<ApiKey>,
    requests: Vec<Noted>,
}

impl Setup {
    /// How many of the last requests were refused.
    fn refused(&self) -> usize {
        self.requests.iter().filter(|request| request.status >= 400).count()
    }
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn get(State(base): State<Base>, by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    let setup = setup(&base, &by, None).await?;
    Ok(show(&ScimPage { frame: by.frame("Provisioning"), setup })?.into_response())
}

/// Makes a token; it is on this answer and nowhere else.
pub(crate) async fn token(
    State(base): State<Base>,
    by: Allowed<ManagePeople>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    by.fresh()?;
    let new = NewKey { name: "Provisioning (SCIM)".to_owned(), scopes: vec![Permission::Scim], ..NewKey::default() };
    let (_, secret) = create::create_by(&by, new).await?;
    let setup = setup(&base, &by, Some(secret)).await?;
    if by.request().fragment {
        return Ok(show(&setup)?.into_response());
    }
    Ok(show(&ScimPage { frame: by.frame("Provisioning"), setup })?.into_response())
}

async fn setup(base: &Base, by: &Allowed<ManagePeople>, made: Option<String>) -> Result<Setup, AppError> {
    let mut tx = by.tx().await?;
    let mut keys = keys::list(&mut tx, None, MOST).await?;
    keys.retain(|key| key.scopes.iter().any(|scope| scope == Permission::Scim.as_str()));
    let requests = scim_log::list(&mut tx).await?;
    Ok(Setup { csrf: by.frame("").csrf, base: base.as_str().to_owned(), made, keys, requests })
}
