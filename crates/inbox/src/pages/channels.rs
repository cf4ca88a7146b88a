//! `/settings/channels`: connected accounts, connecting one with a token, letting one go.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::ids::ChannelId;
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Toast, show};

use super::{Choice, channel_name};
use crate::channels::{Channel, ChannelIn, let_go, list, open};
use crate::core::Core;

#[derive(Template)]
#[template(path = "channels/show.html")]
struct ChannelsPage {
    frame: Frame,
    channels: Channels,
}

/// The part of the page that every action replaces.
#[derive(Template)]
#[template(path = "channels/_channels.html")]
struct Channels {
    csrf: String,
    rows: Vec<Row>,
    kinds: Vec<Choice>,
    called: String,
    account: String,
    errors: FieldErrors,
}

struct Row {
    id: ChannelId,
    kind: String,
    kind_name: &'static str,
    name: String,
    account: String,
    status: &'static str,
    tone: &'static str,
    error: String,
    last_event_at: Option<DateTime<Utc>>,
    token_expires_at: Option<DateTime<Utc>>,
}

/// An account to connect, as the form sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectForm {
    kind: String,
    name: String,
    platform_account_id: String,
    access_token: String,
    #[serde(default)]
    access_token_secret: String,
}

pub(super) async fn page(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    show(&ChannelsPage { frame: by.frame("Channels"), channels: load(&by).await? })
}

pub(super) async fn connect(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(form): Form<ConnectForm>,
) -> Result<Response, AppError> {
    let ConnectForm { kind, name, platform_account_id, access_token, access_token_secret } = form;
    let secret = Some(access_token_secret).filter(|secret| !secret.trim().is_empty());
    let given = ChannelIn {
        kind: kind.clone(),
        name: name.clone(),
        platform_account_id: platform_account_id.clone(),
        access_token: access_token.trim().to_owned(),
        access_token_secret: secret,
    };
    match open(&by, &core, given).await {
        Ok(channel) => answer(&by, Some(Toast::done(format!("“{}” is connected", channel.name))), load(&by).await?),
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let mut channels = load(&by).await?;
            for choice in &mut channels.kinds {
                choice.chosen = choice.value == kind;
            }
            (channels.called, channels.account, channels.errors) =
                (name, platform_account_id, FieldErrors::from(&error));
            answer(&by, None, channels)
        }
    }
}

pub(super) async fn disconnect(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ChannelId>,
) -> Result<Response, AppError> {
    let gone = let_go(&by, &core, id).await?;
    answer(&by, Some(Toast::done(format!("“{}” is let go; its conversations stay", gone.name))), load(&by).await?)
}

fn answer(by: &Allowed<ManageChannels>, toast: Option<Toast>, channels: Channels) -> Result<Response, AppError> {
    if by.request().fragment {
        return Ok((toast, show(&channels)?).into_response());
    }
    if channels.errors.is_empty() {
        return Ok((toast.map(Toast::on_next_page), Redirect::to("/settings/channels")).into_response());
    }
    Ok(show(&ChannelsPage { frame: by.frame("Channels"), channels })?.into_response())
}

async fn load(by: &Allowed<ManageChannels>) -> Result<Channels, AppError> {
    let mut tx = by.tx().await?;
    let rows = list(&mut tx).await?.into_iter().map(row).collect();
    let kinds =
        ["facebook", "instagram", "whatsapp", "x"].map(|kind| Choice::new(kind, channel_name(kind), "facebook")).into();
    Ok(Channels {
        csrf: by.frame("").csrf,
        rows,
        kinds,
        called: String::new(),
        account: String::new(),
        errors: FieldErrors::default(),
    })
}

fn row(channel: Channel) -> Row {
    let Channel {
        id,
        kind,
        name,
        account_id,
        status,
        token_expires_at,
        last_event_at,
        last_error,
        last_error_at: _,
        created_at: _,
    } = channel;
    let (status, tone) = match status.as_str() {
        "connected" => ("connected", "won"),
        "reauthorise" => ("connect again", "risk"),
        "paused" => ("paused", "wait"),
        _ => ("let go", ""),
    };
    let kind_name = channel_name(&kind);
    Row {
        id,
        kind,
        kind_name,
        name,
        account: account_id,
        status,
        tone,
        error: last_error.unwrap_or_default(),
        last_event_at,
        token_expires_at,
    }
}
