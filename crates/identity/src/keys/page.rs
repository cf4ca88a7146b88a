//! `/settings/keys`: the keys, making one (its secret is on the page once), revoking one.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::KeyId;
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Permission, Toast, show};

use super::create::{self, NewKey};
use super::revoke;
use crate::Identity;
use crate::origin::Origin;
use crate::store::keys::{self, ApiKey};

/// More keys than this are not on one page; the API lists all.
const MOST: i64 = 500;
/// How long a key may last, by what the form calls it; 0 days is for ever.
const LASTS: [(i64, &str); 4] = [(30, "in 30 days"), (90, "in 90 days"), (365, "in a year"), (0, "never")];

#[derive(Template)]
#[template(path = "keys/show.html")]
struct KeysPage {
    frame: Frame,
    keys: List,
}

/// The part of the page that every action replaces.
#[derive(Template)]
#[template(path = "keys/_keys.html")]
struct List {
    csrf: String,
    keys: Vec<Row>,
    scopes: Vec<Scope>,
    lasts: Vec<Last>,
    made: Option<Made>,
    /// What was typed as the name. (Not `name`: inside a component that is the name of the field.)
    typed: String,
    errors: FieldErrors,
}

struct Row {
    id: KeyId,
    name: String,
    start: String,
    scopes: String,
    maker: Option<String>,
    used_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    ended: bool,
}

struct Scope {
    word: Permission,
    label: &'static str,
    chosen: bool,
}

struct Last {
    days: i64,
    label: &'static str,
    selected: bool,
}

/// A key made a moment ago.
struct Made {
    name: String,
    secret: String,
}

#[derive(Deserialize)]
pub(crate) struct KeyForm {
    name: String,
    #[serde(default)]
    scopes: Vec<Permission>,
    lasts: i64,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    let keys = list(&by, &[Permission::View], 90).await?;
    Ok(show(&KeysPage { frame: by.frame("API keys"), keys })?.into_response())
}

pub(crate) async fn post(
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(form): Form<KeyForm>,
) -> Result<Response, AppError> {
    let KeyForm { name, scopes, lasts } = form;
    // Ten years are as good as for ever, and keep the arithmetic in range.
    let expires_at = (lasts > 0).then(|| by.now() + Duration::days(lasts.min(3_650)));
    let new = NewKey { name: name.clone(), scopes: scopes.clone(), expires_at };
    match create::create_by(&by, new, &origin).await {
        Ok((made, secret)) => {
            let mut keys = list(&by, &[Permission::View], 90).await?;
            keys.made = Some(Made { name: made.name, secret });
            answer(&by, None, keys)
        }
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let mut keys = list(&by, &scopes, lasts).await?;
            (keys.typed, keys.errors) = (name, FieldErrors::from(&error));
            answer(&by, None, keys)
        }
    }
}

pub(crate) async fn end(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<KeyId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let name = revoke::revoke(&identity, &by, id, &origin).await?;
    let keys = list(&by, &[Permission::View], 90).await?;
    answer(&by, Some(Toast::done(format!("“{name}” does not work any more"))), keys)
}

fn answer(by: &Allowed<ManagePeople>, toast: Option<Toast>, keys: List) -> Result<Response, AppError> {
    if by.request().fragment {
        return Ok((toast, show(&keys)?).into_response());
    }
    if keys.made.is_none() && keys.errors.is_empty() {
        return Ok(Redirect::to("/settings/keys").into_response());
    }
    Ok(show(&KeysPage { frame: by.frame("API keys"), keys })?.into_response())
}

async fn list(by: &Allowed<ManagePeople>, chosen: &[Permission], lasts: i64) -> Result<List, AppError> {
    let mut tx = by.tx().await?;
    let rows = keys::list(&mut tx, None, MOST).await?;
    let scopes = by.principal().permissions.for_keys().iter();
    Ok(List {
        csrf: by.frame("").csrf,
        keys: rows.into_iter().map(|key| row(key, by.now())).collect(),
        scopes: scopes.map(|word| Scope { word, label: word.describe(), chosen: chosen.contains(&word) }).collect(),
        lasts: LASTS.map(|(days, label)| Last { days, label, selected: days == lasts }).into(),
        made: None,
        typed: String::new(),
        errors: FieldErrors::default(),
    })
}

fn row(key: ApiKey, now: DateTime<Utc>) -> Row {
    let ApiKey { id, name, start, scopes, maker, created_at: _, expires_at, last_used_at } = key;
    let ended = expires_at.is_some_and(|end| end <= now);
    Row { id, name, start, scopes: scopes.join(", "), maker, used_at: last_used_at, ends_at: expires_at, ended }
}
