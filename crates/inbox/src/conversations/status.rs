//! `PATCH /v2/conversations/{id}/status`. Closing gives the pen back to the bot for the contact's next visit.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ConversationId;
use kernel::ledger::{Actor, Event, Subject};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::takeover::release;
use crate::ingest::{lock_by_id, save};

/// The new status.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusIn {
    /// `open`, `needs_human`, `snoozed` or `closed`.
    pub status: String,
    /// When a snoozed conversation comes back.
    pub snoozed_until: Option<DateTime<Utc>>,
}

/// Changes the status within a transaction.
pub(crate) async fn change(tx: &mut OrgTx, id: ConversationId, actor: Actor, given: &StatusIn) -> Result<(), AppError> {
    if !matches!(given.status.as_str(), "open" | "needs_human" | "snoozed" | "closed") {
        return Err(AppError::field("status", "is open, needs_human, snoozed or closed"));
    }
    let until = given.snoozed_until.filter(|_| given.status == "snoozed");
    if given.status == "snoozed" && until.is_none_or(|until| until <= tx.clock().now()) {
        return Err(AppError::field("snoozed_until", "must be in the future"));
    }
    if given.status == "closed" {
        release(tx, id, actor).await?;
    }
    let mut conv = lock_by_id(tx, &[id.uuid()]).await?.pop().ok_or_else(|| AppError::not_found("conversation"))?;
    if let Some(fact) = conv.set_status(&given.status) {
        tx.append(Event::new(Subject::Conversation(id), actor, fact));
    }
    conv.snoozed_until = until;
    if given.status == "closed" {
        conv.unread = 0;
        conv.waiting_since = None;
    }
    conv.dirty = true;
    save(tx, &[&conv]).await?;
    Ok(())
}

/// Open, snooze or close a conversation, or ask for a person.
#[utoipa::path(patch, path = "/v2/conversations/{id}/status", tag = "conversations", request_body = StatusIn, responses((status = 204)))]
pub(crate) async fn set_status(
    by: Allowed<Reply>,
    Path(id): Path<ConversationId>,
    Json(given): Json<StatusIn>,
) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    change(&mut tx, id, by.actor(), &given).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
