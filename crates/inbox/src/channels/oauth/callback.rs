//! `GET /auth/callback/{channel}`: the member is back from the platform. Whatever happened is said on a page, with what to do.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use connectors::channel::Failure;
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Form, Path, Query, show};

use super::discover::{Candidate, discover};
use super::join::join;
use super::page::{Choice, ConsentPage};
use super::state::{Kept, burn, keep};
use super::{kind_in_path, title};
use crate::core::Core;

type By = Allowed<ManageChannels>;

/// Back with a code, or with a refusal.
pub(super) async fn come_back(
    by: By,
    State(core): State<Core>,
    Path(channel): Path<String>,
    Query(told): Query<BTreeMap<String, String>>,
) -> Result<Response, AppError> {
    let kind = kind_in_path(&channel)?;
    let told = |name: &str| told.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let Some(kept) = burnt(&by, &core, kind, told("state").unwrap_or_default()).await? else {
        return unknown(&by, kind);
    };
    let Some(code) = told("code") else {
        return denied(&by, kind, told("error"), told("error_description"));
    };
    // Instagram and Facebook may hang a mark on the code.
    let code = code.trim_end_matches("#_");
    match discover(&core, kind, code, kept.verifier.as_ref()).await {
        Ok(found) if found.is_empty() => nothing(&by, kind),
        Ok(found) if found.len() == 1 => connected(&by, &core, kind, &found).await,
        Ok(found) => offer(&by, &core, kind, &found).await,
        Err(failure) => failed(&by, kind, &failure),
    }
}

/// What was chosen among several.
#[derive(Deserialize)]
pub(super) struct Chosen {
    choice: String,
    #[serde(default)]
    account: Vec<String>,
}

/// Connects the chosen accounts.
pub(super) async fn choose(
    by: By,
    State(core): State<Core>,
    Path(channel): Path<String>,
    Form(given): Form<Chosen>,
) -> Result<Response, AppError> {
    let kind = kind_in_path(&channel)?;
    let kept = burnt(&by, &core, kind, &given.choice).await?;
    let Some(found) = kept.and_then(|kept| kept.found) else { return unknown(&by, kind) };
    let mut found: Vec<Candidate> = serde_json::from_str(found.reveal()).map_err(AppError::internal)?;
    if given.account.is_empty() {
        return offer(&by, &core, kind, &found).await;
    }
    found.retain(|one| given.account.contains(&one.account_id));
    connected(&by, &core, kind, &found).await
}

/// Burns the state for good, whatever comes after.
async fn burnt(by: &By, core: &Core, kind: ChannelKind, state: &str) -> Result<Option<Kept>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let kept = burn(&mut tx, &vault, kind, by.actor(), state).await.map_err(AppError::internal)?;
    tx.commit().await?;
    Ok(kept)
}

async fn connected(by: &By, core: &Core, kind: ChannelKind, chosen: &[Candidate]) -> Result<Response, AppError> {
    let joined = join(core, by.org(), by.actor(), kind, chosen).await.map_err(AppError::internal)?;
    let fine = joined.iter().all(|one| one.trouble.is_none());
    let (tone, sentence) = match (fine, joined.is_empty()) {
        (_, true) => ("wait", "Nothing was chosen, so nothing was connected."),
        (true, _) => ("won", "Connected. Messages arrive in the inbox from now on."),
        (false, _) => (
            "wait",
            "Connected, but messages do not arrive yet. Repair what is said below, then connect again: nothing is lost by that.",
        ),
    };
    show(&ConsentPage {
        joined,
        ..ConsentPage::new(by.frame(format!("Connect {}", title(kind))), kind, tone, sentence.to_owned())
    })
    .map(IntoResponse::into_response)
}

/// Lets the member choose among several accounts; their tokens wait sealed.
async fn offer(by: &By, core: &Core, kind: ChannelKind, found: &[Candidate]) -> Result<Response, AppError> {
    let text = serde_json::to_string(found).map_err(AppError::internal)?;
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let kept = Kept { verifier: None, found: Some(Secret::new(text)) };
    let choice = keep(&mut tx, &vault, kind, by.actor(), &kept).await.map_err(AppError::internal)?;
    tx.commit().await?;
    let choices =
        found.iter().map(|one| Choice { account_id: one.account_id.clone(), name: one.name.clone() }).collect();
    let sentence = "Your consent opens several accounts. Choose the ones whose messages Recoup answers.".to_owned();
    let page = ConsentPage::new(by.frame(format!("Connect {}", title(kind))), kind, "info", sentence);
    show(&ConsentPage { choices, choice: choice.reveal().to_owned(), ..page }).map(IntoResponse::into_response)
}

fn say(
    by: &By,
    kind: ChannelKind,
    status: StatusCode,
    tone: &'static str,
    sentence: String,
) -> Result<Response, AppError> {
    let page = ConsentPage::new(by.frame(format!("Connect {}", title(kind))), kind, tone, sentence);
    Ok((status, show(&page)?).into_response())
}

fn unknown(by: &By, kind: ChannelKind) -> Result<Response, AppError> {
    let sentence = "This consent is not known here: it was begun by another member or in another organisation, is older than ten \
        minutes, or was used already. Nothing was connected. Start again.";
    say(by, kind, StatusCode::BAD_REQUEST, "risk", sentence.to_owned())
}

fn denied(by: &By, kind: ChannelKind, error: Option<&str>, description: Option<&str>) -> Result<Response, AppError> {
    let name = title(kind);
    let sentence = match error {
        Some("access_denied") => format!(
            "You did not give {name} your consent, so nothing was connected. Start again when you are ready, and leave every permission switched on."
        ),
        Some(error) => format!(
            "{name} ended the consent with “{}”. Nothing was connected. Start again; if it stays, the application's settings at {name} need a look.",
            description.unwrap_or(error)
        ),
        None => format!("{name} sent you back without a code. Nothing was connected. Start again."),
    };
    say(by, kind, StatusCode::OK, "wait", sentence)
}

fn nothing(by: &By, kind: ChannelKind) -> Result<Response, AppError> {
    let sentence = match kind {
        ChannelKind::Facebook => {
            "You gave your consent, but for no page that you may answer for. Start again and choose a page; your role on it must include messages."
        }
        ChannelKind::Instagram => {
            "You gave your consent, but no page with an Instagram professional account was chosen. Link the account to your page at Facebook, then start again and choose that page."
        }
        _ => {
            "You gave your consent, but for no WhatsApp business account with a number. Add a number at WhatsApp Manager, then start again and choose that business account."
        }
    };
    say(by, kind, StatusCode::OK, "wait", sentence.to_owned())
}

fn failed(by: &By, kind: ChannelKind, failure: &Failure) -> Result<Response, AppError> {
    let name = title(kind);
    tracing::warn!(%kind, error = %failure, "a consent could not be used");
    match failure {
        Failure::Refused { message, .. } | Failure::Reauthorise { message, .. } => {
            let sentence = format!("{name} did not accept the consent: {message} Nothing was connected. Start again.");
            say(by, kind, StatusCode::BAD_REQUEST, "risk", sentence)
        }
        _ => say(
            by,
            kind,
            StatusCode::BAD_GATEWAY,
            "risk",
            format!(
                "{name} does not answer properly at the moment. Nothing was connected. Start again in a few minutes."
            ),
        ),
    }
}
