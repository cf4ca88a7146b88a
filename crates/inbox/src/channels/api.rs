//! `/v2/channels`: connect with a token, list, let go.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::ids::ChannelId;
use serde::{Deserialize, Serialize};
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::oauth::{self, Link, end_events};
use super::templates;
use super::{Channel, NewChannel, connect, disconnect, find, list};
use crate::core::Core;
use crate::web::Desk;

/// The routes.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list_channels, create_channel))
        .routes(routes!(delete_channel))
        .routes(routes!(channel_status))
        .routes(routes!(templates::list_templates))
        .merge(oauth::api())
}

/// An account to connect with a token that the operator already has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelIn {
    /// `facebook`, `instagram`, `whatsapp` or `x`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The platform's id: page, Instagram account, WhatsApp phone number id, X user.
    pub platform_account_id: String,
    /// Its token.
    pub access_token: String,
    /// The token's secret (X with OAuth 1.0a).
    pub access_token_secret: Option<String>,
}

/// A connected account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelOut {
    id: ChannelId,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    platform_account_id: String,
    /// `connected`, `reauthorise`, `paused` or `disconnected`.
    status: String,
    created_at: DateTime<Utc>,
}

/// How a connected account is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelStatus {
    id: ChannelId,
    status: String,
    /// When its token ends, where the platform said so.
    token_expires_at: Option<DateTime<Utc>>,
    /// When the platform last told us something.
    last_event_at: Option<DateTime<Utc>>,
    /// Its last problem.
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
}

impl From<Channel> for ChannelOut {
    fn from(channel: Channel) -> Self {
        let Channel { id, kind, name, account_id, status, created_at, .. } = channel;
        Self { id, kind, name, platform_account_id: account_id, status, created_at }
    }
}

/// The organisation's accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelList {
    data: Vec<ChannelOut>,
    next_cursor: Option<String>,
}

/// List connected accounts.
#[utoipa::path(get, path = "/v2/channels", tag = "channels", responses((status = 200, body = ChannelList)))]
async fn list_channels(by: Allowed<View>) -> Result<Json<ChannelList>, AppError> {
    let mut tx = by.tx().await?;
    let data = list(&mut tx).await?.into_iter().map(ChannelOut::from).collect();
    Ok(Json(ChannelList { data, next_cursor: None }))
}

/// Connects an account and makes its route known here at once.
pub(crate) async fn open(by: &Allowed<ManageChannels>, core: &Core, given: ChannelIn) -> Result<Channel, AppError> {
    let new = checked(given)?;
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let id = connect(&mut tx, &vault, &new, by.actor()).await?;
    let made = find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("channel"))?;
    tx.commit().await?;
    core.routes.forget(new.kind, &new.account_id);
    Ok(made)
}

/// Connect an account with a token.
#[utoipa::path(post, path = "/v2/channels", tag = "channels", request_body = ChannelIn, responses((status = 201, body = ChannelOut)))]
async fn create_channel(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<ChannelIn>,
) -> Result<(StatusCode, Json<ChannelOut>), AppError> {
    Ok((StatusCode::CREATED, Json(open(&by, &core, given).await?.into())))
}

fn checked(given: ChannelIn) -> Result<NewChannel, AppError> {
    let ChannelIn { kind, name, platform_account_id, access_token, access_token_secret } = given;
    let kind: ChannelKind =
        kind.parse().map_err(|_| AppError::field("type", "is facebook, instagram, whatsapp or x"))?;
    if !matches!(kind, ChannelKind::Facebook | ChannelKind::Instagram | ChannelKind::Whatsapp | ChannelKind::X) {
        return Err(AppError::field("type", "is facebook, instagram, whatsapp or x"));
    }
    for (field, value, most) in [
        ("name", &name, 200),
        ("platform_account_id", &platform_account_id, 200),
        ("access_token", &access_token, 4_000),
    ] {
        if value.trim().is_empty() || value.chars().count() > most {
            return Err(AppError::field(field, format!("must have 1 to {most} characters")));
        }
    }
    Ok(NewChannel {
        kind,
        name: name.trim().to_owned(),
        account_id: platform_account_id.trim().to_owned(),
        access_token: Secret::new(access_token),
        access_token_secret: access_token_secret.map(Secret::new),
        refresh_token: None,
        expires_at: None,
    })
}

/// How an account is doing.
#[utoipa::path(get, path = "/v2/channels/{id}/status", tag = "channels", responses((status = 200, body = ChannelStatus)))]
async fn channel_status(by: Allowed<View>, Path(id): Path<ChannelId>) -> Result<Json<ChannelStatus>, AppError> {
    let mut tx = by.tx().await?;
    let channel = find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("channel"))?;
    let Channel { id, status, token_expires_at, last_event_at, last_error, last_error_at, .. } = channel;
    Ok(Json(ChannelStatus { id, status, token_expires_at, last_event_at, last_error, last_error_at }))
}

/// Lets an account go, forgets its route here, and asks the platform to end its events.
pub(crate) async fn let_go(by: &Allowed<ManageChannels>, core: &Core, id: ChannelId) -> Result<Channel, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let link = Link::open(&mut tx, &vault, id, "disconnect").await.map_err(AppError::internal)?;
    let gone = disconnect(&mut tx, id, by.actor()).await?.ok_or_else(|| AppError::not_found("channel"))?;
    tx.commit().await?;
    if let Ok(kind) = gone.kind.parse() {
        core.routes.forget(kind, &gone.account_id);
    }
    if let Some(link) = link {
        end_events(core, by.org(), &link).await.map_err(AppError::internal)?;
    }
    Ok(gone)
}

/// Let an account go: its token is destroyed, its conversations stay.
#[utoipa::path(delete, path = "/v2/channels/{id}", tag = "channels", responses((status = 204)))]
async fn delete_channel(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ChannelId>,
) -> Result<StatusCode, AppError> {
    let_go(&by, &core, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
