//! `/settings/sign-in`: how long sessions last, and from where.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Toast, show};

use super::SessionPolicy;
use super::save::{PolicyIn, save};
use crate::Identity;
use crate::origin::Origin;
use crate::security;
use crate::store::policies;

/// Minutes without use, and what the form calls them; 0 is the usual.
const IDLE: [(i32, &str); 7] = [
    (0, "a week (usual)"),
    (15, "15 minutes"),
    (60, "an hour"),
    (480, "8 hours"),
    (1_440, "a day"),
    (4_320, "3 days"),
    (43_200, "30 days"),
];
/// The same for the age.
const LONGEST: [(i32, &str); 6] = [
    (0, "30 days (usual)"),
    (720, "12 hours"),
    (1_440, "a day"),
    (10_080, "a week"),
    (129_600, "90 days"),
    (525_600, "a year"),
];

#[derive(Template)]
#[template(path = "policy/show.html")]
struct PolicyPage {
    frame: Frame,
    cards: Vec<String>,
}

#[derive(Template)]
#[template(path = "policy/_sessions.html")]
struct Card {
    csrf: String,
    idle: Vec<Choice>,
    longest: Vec<Choice>,
    networks: String,
    own: String,
    errors: FieldErrors,
}

struct Choice {
    minutes: i32,
    label: String,
    selected: bool,
}

#[derive(Deserialize)]
pub(crate) struct PolicyForm {
    idle: i32,
    longest: i32,
    #[serde(default)]
    networks: String,
}

pub(crate) async fn get(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
) -> Result<Response, AppError> {
    page(&identity, &by, &origin, (None, None)).await
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(PolicyForm { idle, longest, networks }): Form<PolicyForm>,
) -> Result<Response, AppError> {
    let some = |minutes: i32| (minutes != 0).then_some(minutes);
    let lines = networks.split([',', '\n']).map(str::trim).filter(|line| !line.is_empty());
    let (idle_minutes, longest_minutes) = (some(idle), some(longest));
    let new = PolicyIn { idle_minutes, longest_minutes, networks: lines.map(ToOwned::to_owned).collect() };
    let (toast, card) = match save(&identity, &by, new, &origin).await {
        Ok(policy) => (Some(Toast::done("Saved")), card(&by, &policy, &policy.networks.join("\n"), &origin)),
        Err(error) if error.details().is_empty() => return Err(error),
        Err(error) => {
            let typed = SessionPolicy { idle_minutes, longest_minutes, networks: Vec::new() };
            let mut card = card(&by, &typed, &networks, &origin);
            card.errors = FieldErrors::from(&error);
            (None, card)
        }
    };
    if by.request().fragment {
        return Ok((toast, show(&card)?).into_response());
    }
    if card.errors.is_empty() {
        return Ok(Redirect::to("/settings/sign-in").into_response());
    }
    page(&identity, &by, &origin, (Some(show(&card)?.0), None)).await
}

/// The page; a card that an action left with complaints stands as the action left it.
pub(crate) async fn page(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    origin: &Origin,
    (sessions, factors): (Option<String>, Option<String>),
) -> Result<Response, AppError> {
    let factors = match factors {
        Some(html) => html,
        None => security::page::card(identity, by, String::new()).await?,
    };
    let sessions = if let Some(html) = sessions {
        html
    } else {
        let mut tx = by.tx().await?;
        let policy = policies::get(&mut tx).await?;
        show(&card(by, &policy, &policy.networks.join("\n"), origin))?.0
    };
    Ok(show(&PolicyPage { frame: by.frame("Sign-in rules"), cards: vec![factors, sessions] })?.into_response())
}

fn card(by: &Allowed<ManagePeople>, policy: &SessionPolicy, networks: &str, origin: &Origin) -> Card {
    Card {
        csrf: by.frame("").csrf,
        idle: choices(&IDLE, policy.idle_minutes),
        longest: choices(&LONGEST, policy.longest_minutes),
        networks: networks.to_owned(),
        own: origin.ip.map(|ip| ip.to_canonical().to_string()).unwrap_or_default(),
        errors: FieldErrors::default(),
    }
}

/// The choices of the form, and what the API set if it is none of them.
fn choices(of: &[(i32, &str)], now: Option<i32>) -> Vec<Choice> {
    let now = now.unwrap_or(0);
    let known = of.iter().map(|(minutes, label)| (*minutes, (*label).to_owned()));
    let other = (!of.iter().any(|(minutes, _)| *minutes == now)).then(|| (now, format!("{now} minutes")));
    known.chain(other).map(|(minutes, label)| Choice { minutes, label, selected: minutes == now }).collect()
}
