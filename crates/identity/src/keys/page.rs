//! `/settings/keys`: the keys, making one (its secret is on the page once), revoking one.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::KeyId;
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Permission, Toast, show};

use super::create::{self, NewKey};
use super::{revoke, rotate};
use crate::Identity;
use crate::store::keys::{self, ApiKey};

/// More keys than this are not on one page; the API lists all.
const MOST: i64 = 500;
/// A key that ends within this is marked.
const SOON: Duration = Duration::days(14);
/// How long the old key goes on after a rotation, in hours, by what the form calls it.
const OVERLAPS: [(u32, &str); 4] = [(0, "at once"), (24, "in a day"), (168, "in a week"), (720, "in 30 days")];
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
    /// What was typed as the networks.
    networks: String,
    overlaps: [(u32, &'static str); 4],
    errors: FieldErrors,
}

struct Row {
    id: KeyId,
    name: String,
    start: String,
    scopes: String,
    maker: Option<String>,
    used_at: Option<DateTime<Utc>>,
    used_from: String,
    allow_from: String,
    ends_at: Option<DateTime<Utc>>,
    state: State,
}

/// What there is to say about a key at a glance.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    EndsSoon,
    /// Another key took over; it ends when the overlap does.
    Replaced,
    Ended,
}

impl State {
    fn of(key: &ApiKey, now: DateTime<Utc>) -> Self {
        let ends_before = |instant: DateTime<Utc>| key.expires_at.is_some_and(|end| end <= instant);
        if ends_before(now) {
            Self::Ended
        } else if key.successor.is_some() {
            Self::Replaced
        } else if ends_before(now + SOON) {
            Self::EndsSoon
        } else {
            Self::Good
        }
    }

    /// The badge, when there is one: its text and its tone.
    fn badge(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Good => None,
            Self::EndsSoon => Some(("ends soon", "wait")),
            Self::Replaced => Some(("replaced", "quiet")),
            Self::Ended => Some(("ended", "risk")),
        }
    }

    fn can_be_rotated(self) -> bool {
        matches!(self, Self::Good | Self::EndsSoon)
    }
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
    /// Whether an older key goes on beside it.
    replaces: bool,
}

#[derive(Deserialize)]
pub(crate) struct KeyForm {
    name: String,
    #[serde(default)]
    scopes: Vec<Permission>,
    lasts: i64,
    /// Networks, separated by spaces, commas or lines.
    #[serde(default)]
    allow_from: String,
}

#[derive(Deserialize)]
pub(crate) struct RotationForm {
    overlap_hours: u32,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    let keys = list(&by, &[Permission::View], 90).await?;
    Ok(show(&KeysPage { frame: by.frame("API keys"), keys })?.into_response())
}

pub(crate) async fn post(by: Allowed<ManagePeople>, Form(form): Form<KeyForm>) -> Result<Response, AppError> {
    let KeyForm { name, scopes, lasts, allow_from: networks } = form;
    // Ten years are as good as for ever, and keep the arithmetic in range.
    let expires_at = (lasts > 0).then(|| by.now() + Duration::days(lasts.min(3_650)));
    let allow_from = networks.split([' ', ',', ';', '\n', '\r']).filter(|text| !text.is_empty()).map(str::to_owned);
    let new = NewKey { name: name.clone(), scopes: scopes.clone(), expires_at, allow_from: allow_from.collect() };
    match create::create_by(&by, new).await {
        Ok((made, secret)) => {
            let mut keys = list(&by, &[Permission::View], 90).await?;
            keys.made = Some(Made { name: made.name, secret, replaces: false });
            answer(&by, None, keys)
        }
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let mut keys = list(&by, &scopes, lasts).await?;
            (keys.typed, keys.networks, keys.errors) = (name, networks, FieldErrors::from(&error));
            answer(&by, None, keys)
        }
    }
}

pub(crate) async fn end(
    Shared(identity): Shared<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<KeyId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let name = revoke::revoke(&identity, &by, id).await?;
    let keys = list(&by, &[Permission::View], 90).await?;
    answer(&by, Some(Toast::done(format!("“{name}” does not work any more"))), keys)
}

pub(crate) async fn rotation(
    Shared(identity): Shared<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<KeyId>,
    Form(RotationForm { overlap_hours }): Form<RotationForm>,
) -> Result<Response, AppError> {
    let (made, secret) = rotate::rotate_by(&identity, &by, id, overlap_hours).await?;
    let mut keys = list(&by, &[Permission::View], 90).await?;
    keys.made = Some(Made { name: made.name, secret, replaces: true });
    answer(&by, None, keys)
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
        networks: String::new(),
        overlaps: OVERLAPS,
        errors: FieldErrors::default(),
    })
}

fn row(key: ApiKey, now: DateTime<Utc>) -> Row {
    let state = State::of(&key, now);
    let ApiKey { id, name, start, scopes, maker, expires_at, last_used_at, last_used_ip, allow_from, .. } = key;
    Row {
        id,
        name,
        start,
        scopes: scopes.join(", "),
        maker,
        used_at: last_used_at,
        used_from: last_used_ip,
        allow_from: allow_from.join(", "),
        ends_at: expires_at,
        state,
    }
}
