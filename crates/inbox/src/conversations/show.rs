//! `GET /v2/conversations/{id}`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::ids::ConversationId;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::list::{ConversationOut, cards_of};
use super::store::{self, ConversationRow};
use crate::core::Core;
use crate::sending::policy::{self, Facts, Outgoing, Verdict};

/// A conversation with what the channel allows now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationDetail {
    #[serde(flatten)]
    pub conversation: ConversationOut,
    /// Whether a person may write free text now, and what to do otherwise.
    pub can_send: Verdict,
    /// When the window for free text closes; null where the channel has none.
    pub window_ends: Option<DateTime<Utc>>,
}

/// What the channel's rules are made from, for a conversation.
pub(crate) fn facts(row: &ConversationRow, connected: bool) -> Facts {
    Facts {
        kind: row.channel_kind.parse().unwrap_or(kernel::channel::ChannelKind::Webchat),
        window_from: row.window_from,
        opted_out: row.opted_out,
        connected,
    }
}

/// Show a conversation.
#[utoipa::path(get, path = "/v2/conversations/{id}", tag = "conversations", responses((status = 200, body = ConversationDetail)))]
pub(crate) async fn show_conversation(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
) -> Result<Json<ConversationDetail>, AppError> {
    let mut tx = by.tx().await?;
    let row = store::one(&mut tx, id).await?.ok_or_else(|| AppError::not_found("conversation"))?;
    let channel = crate::channels::find(&mut tx, row.channel_id).await?;
    let cards = cards_of(&mut tx, &core, std::slice::from_ref(&row)).await?;
    let facts = facts(&row, channel.is_some_and(|channel| channel.status == "connected"));
    let can_send = policy::judge(&facts, &Outgoing { body: "x", template: false, by_person: true }, by.now());
    let window_ends = policy::window_ends(&facts).filter(|_| row.window_from.is_some());
    Ok(Json(ConversationDetail { conversation: ConversationOut::of(row, &cards), can_send, window_ends }))
}
