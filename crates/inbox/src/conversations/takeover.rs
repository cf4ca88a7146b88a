//! `POST` and `DELETE /v2/conversations/{id}/takeover`: who holds the pen.
//!
//! After the answer to a takeover no bot message can reach the contact: unsent ones are cancelled under the conversation's
//! lock, and one that was being handed to the platform at that moment is waited for before the answer is given.

use std::time::Duration;

use axum::http::StatusCode;
use kernel::db::OrgTx;
use kernel::ids::ConversationId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::Serialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use crate::handoff::record_takeover;
use crate::ingest::{lock_by_id, save};

/// How long a message under way is waited for.
const IN_FLIGHT: Duration = Duration::from_secs(10);

/// Who holds the pen now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pen {
    /// `bot` or `human`.
    pub holder: &'static str,
    /// True when a bot message was being handed to the platform and did not settle in time: it may still arrive.
    pub in_flight: bool,
}

/// Gives the pen to a person, within a transaction. Returns the turn the conversation is in.
pub(crate) async fn take(tx: &mut OrgTx, id: ConversationId, actor: Actor, reason: &str) -> Result<i64, AppError> {
    let mut conv = lock_by_id(tx, &[id.uuid()]).await?.pop().ok_or_else(|| AppError::not_found("conversation"))?;
    let taken = conv.take_over();
    // A visitor who asked for a person gave the pen away: the person who answers is the one they waited for.
    if let Some(fact) = (conv.status == "needs_human").then(|| conv.set_status("open")).flatten() {
        tx.append(Event::new(Subject::Conversation(id), actor, fact));
    }
    save(tx, &[&conv]).await?;
    if taken {
        record_takeover(tx, id, &actor.to_string(), reason, actor).await?;
    }
    Ok(conv.turn)
}

/// Gives the pen back to the bot, within a transaction.
pub(crate) async fn release(tx: &mut OrgTx, id: ConversationId, actor: Actor) -> Result<(), AppError> {
    let mut conv = lock_by_id(tx, &[id.uuid()]).await?.pop().ok_or_else(|| AppError::not_found("conversation"))?;
    conv.holder = "bot".to_owned();
    conv.fence += 1;
    conv.held_back = false;
    conv.unresolved = 0;
    conv.escalation = None;
    conv.dirty = true;
    if conv.status == "needs_human"
        && let Some(fact) = conv.set_status("open")
    {
        tx.append(Event::new(Subject::Conversation(id), actor, fact));
    }
    save(tx, &[&conv]).await?;
    sqlx::query("update takeovers set released_at = now(), released_by = $3 where org_id = $1 and conversation_id = $2 and released_at is null")
        .bind(tx.org())
        .bind(id)
        .bind(actor.to_string())
        .execute(tx.conn())
        .await?;
    tx.append(Event::new(Subject::Conversation(id), actor, Fact::ConversationReleased { conversation: id }));
    Ok(())
}

/// Waits until no bot message of a conversation is on its way to the platform; true when one still is.
pub(crate) async fn settle_in_flight(by: &Allowed<Reply>, id: ConversationId) -> Result<bool, AppError> {
    let mut news = by.kernel().db.signals().ledger_watch();
    let wait = async {
        loop {
            let mut tx = by.tx().await?;
            let sending: bool = sqlx::query_scalar(
                "select exists (select 1 from messages where org_id = $1 and conversation_id = $2 and state = 'sending' and writer = 'bot')",
            )
            .bind(tx.org())
            .bind(id)
            .fetch_one(tx.conn())
            .await?;
            drop(tx);
            if !sending {
                return Ok::<_, AppError>(());
            }
            // Woken by the message's own event; asked again in case another process wrote it.
            if tokio::time::timeout(Duration::from_millis(100), news.changed())
                .await
                .is_ok_and(|changed| changed.is_err())
            {
                return Ok(());
            }
        }
    };
    match tokio::time::timeout(IN_FLIGHT, wait).await {
        Ok(result) => result.map(|()| false),
        Err(_) => Ok(true),
    }
}

/// Take the pen from the bot. When this answers, no bot message can follow.
#[utoipa::path(post, path = "/v2/conversations/{id}/takeover", tag = "conversations", responses((status = 200, body = Pen)))]
pub(crate) async fn take_over(by: Allowed<Reply>, Path(id): Path<ConversationId>) -> Result<Json<Pen>, AppError> {
    let mut tx = by.tx().await?;
    take(&mut tx, id, by.actor(), "took over").await?;
    tx.commit().await?;
    let in_flight = settle_in_flight(&by, id).await?;
    Ok(Json(Pen { holder: "human", in_flight }))
}

/// Give the pen back to the bot.
#[utoipa::path(delete, path = "/v2/conversations/{id}/takeover", tag = "conversations", responses((status = 204)))]
pub(crate) async fn release_pen(by: Allowed<Reply>, Path(id): Path<ConversationId>) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    release(&mut tx, id, by.actor()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
