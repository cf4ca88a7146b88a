//! The cards of second factors on `/settings/profile`, and the pages between them: setting up an app, codes shown once.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::db::system::{self, PasskeyRow};
use kernel::ids::PasskeyId;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Form, Frame, Path, Toast, show};

use super::Setup;
use crate::Identity;
use crate::origin::Origin;
use crate::passkeys::{self, Party};
use crate::profile::{self, Card};
use crate::sign_in::page::problem;

const PROFILE: &str = "/settings/profile";

/// The cards. What a caller without an account of their own (a key) would see is nothing.
#[derive(Template)]
#[template(path = "factors/_cards.html")]
struct Cards {
    csrf: String,
    org: String,
    /// When the organisation's patience ends, for those who owe it a factor.
    due: Option<DateTime<Utc>>,
    late: bool,
    totp_at: Option<DateTime<Utc>>,
    passkeys: Vec<PasskeyRow>,
    recovery_left: i64,
    /// The same in words.
    left: String,
    /// Why there can be no passkeys here; empty when there can.
    no_passkeys: String,
    problem: String,
}

/// Setting up an authenticator app.
#[derive(Template)]
#[template(path = "factors/authenticator.html")]
struct AuthenticatorPage {
    frame: Frame,
    setup: Setup,
    problem: String,
}

/// Recovery codes, once.
#[derive(Template)]
#[template(path = "factors/codes.html")]
struct CodesPage {
    frame: Frame,
    codes: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

#[derive(Deserialize)]
pub(crate) struct CodeForm {
    code: String,
}

#[derive(Deserialize)]
pub(crate) struct NameForm {
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct NewPasskeyForm {
    passkey_name: String,
    /// What the script of the page filled in.
    #[serde(default)]
    passkey: String,
}

/// Makes the secret, then shows it at an address that can be loaded again.
pub(crate) async fn begin(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Redirect, AppError> {
    let user = super::own_account(&identity, &by).await?;
    super::begin_totp(&identity, user, &by.principal().email).await?;
    Ok(Redirect::to("/settings/profile/authenticator"))
}

pub(crate) async fn setting_up(State(identity): State<Identity>, by: Allowed<View>) -> Result<Response, AppError> {
    authenticator(&identity, &by, String::new()).await
}

pub(crate) async fn confirm(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Form(CodeForm { code }): Form<CodeForm>,
) -> Result<Response, AppError> {
    match super::confirm_totp(&identity, &by, &code, &origin).await {
        Ok(codes) => done(&by, codes, "Your authenticator app is set up"),
        Err(error) if !error.details().is_empty() && error.code() == "unprocessable" => {
            let said = format!("This {}.", error.details()[0].reason);
            let shown = authenticator(&identity, &by, said).await?;
            Ok((error.status(), shown).into_response())
        }
        Err(error) => Err(error),
    }
}

pub(crate) async fn remove_totp(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let removed = super::remove_totp(&identity, &by, &origin).await;
    back(&identity, &by, removed, "The authenticator app is removed").await
}

pub(crate) async fn renew(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let codes = super::renew_codes(&identity, &by, &origin).await?;
    done(&by, codes, "")
}

pub(crate) async fn add_passkey(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Form(NewPasskeyForm { passkey_name: name, passkey }): Form<NewPasskeyForm>,
) -> Result<Response, AppError> {
    let added = async {
        super::own_account(&identity, &by).await?;
        let given = serde_json::from_str(&passkey).map_err(|_| {
            AppError::unprocessable("no passkey arrived; this needs a browser with passkeys and scripts")
        })?;
        passkeys::api::add(&identity, by.app(), &by, (&name, given), &origin).await
    };
    match added.await {
        Ok((made, codes)) => done(&by, codes, &format!("“{}” signs you in from now on", made.name)),
        Err(error) => back(&identity, &by, Err(error), "").await,
    }
}

pub(crate) async fn rename_passkey(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Path(id): Path<PasskeyId>,
    Form(NameForm { name }): Form<NameForm>,
) -> Result<Response, AppError> {
    let renamed = passkeys::api::rename(&identity, &by, id, &name).await;
    back(&identity, &by, renamed, "Renamed").await
}

pub(crate) async fn remove_passkey(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Path(id): Path<PasskeyId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let removed = passkeys::api::remove(&identity, &by, id, &origin).await;
    back(&identity, &by, removed, "The passkey is removed").await
}

/// The cards as they are now.
pub(crate) async fn card(identity: &Identity, by: &Allowed<View>, problem: String) -> Result<String, AppError> {
    let user = crate::verify::person(by)?;
    let factors = super::of(identity, user).await?;
    let frame = by.frame("");
    let cards = Cards {
        csrf: frame.csrf,
        org: frame.org,
        due: super::due(by),
        late: super::due(by).is_some_and(|due| due <= by.now()),
        totp_at: factors.totp_at,
        passkeys: system::passkeys_of(&identity.kernel().db, user).await?,
        recovery_left: factors.recovery_left,
        left: format!("{} left", factors.recovery_left),
        no_passkeys: Party::of(by.app()).err().map(|error| self::problem(&error)).unwrap_or_default(),
        problem,
    };
    Ok(show(&cards)?.0)
}

async fn authenticator(identity: &Identity, by: &Allowed<View>, problem: String) -> Result<Response, AppError> {
    let user = super::own_account(identity, by).await?;
    match super::begun_totp(identity, user, &by.principal().email).await? {
        Some(setup) => {
            let frame = by.frame("Set up an authenticator app");
            Ok(show(&AuthenticatorPage { frame, setup, problem })?.into_response())
        }
        None => Ok(Redirect::to(PROFILE).into_response()),
    }
}

/// The codes, if there are new ones; else the profile with a word.
fn done(by: &Allowed<View>, codes: Vec<String>, word: &str) -> Result<Response, AppError> {
    if codes.is_empty() {
        return Ok((Toast::done(word).on_next_page(), Redirect::to(PROFILE)).into_response());
    }
    Ok(show(&CodesPage { frame: by.frame("Recovery codes"), codes })?.into_response())
}

/// The profile with what was done or what was wrong; what comes first is led to as everywhere.
async fn back(
    identity: &Identity,
    by: &Allowed<View>,
    outcome: Result<(), AppError>,
    word: &'static str,
) -> Result<Response, AppError> {
    match outcome {
        Ok(()) => Ok((Toast::done(word).on_next_page(), Redirect::to(PROFILE)).into_response()),
        Err(error @ (AppError::Needs { .. } | AppError::NotFound(_))) => Err(error),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let said = match error.details() {
                [detail, ..] => format!("The {} {}.", detail.field, detail.reason),
                [] => self::problem(&error),
            };
            let cards = card(identity, by, said).await?;
            let page = profile::page(identity, by, Some((Card::Factors, cards))).await?;
            Ok((error.status(), page).into_response())
        }
    }
}
