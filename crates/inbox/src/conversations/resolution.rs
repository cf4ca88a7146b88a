//! `POST /v2/messages/{id}/resolution`: a person decides about a message that nobody knows was sent.

use axum::http::StatusCode;
use kernel::ids::{ConversationId, MessageId};
use kernel::ledger::{Event, Fact, Subject};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use crate::sending::SendJob;

/// What the person knows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolutionIn {
    /// `sent`: it arrived, leave it. `send_again`: it did not.
    pub outcome: String,
}

/// Settles a message whose delivery is unknown.
pub(crate) async fn resolve(by: &Allowed<Reply>, id: MessageId, given: &ResolutionIn) -> Result<(), AppError> {
    let state = match given.outcome.as_str() {
        "sent" => "sent",
        "send_again" => "queued",
        _ => return Err(AppError::field("outcome", "is sent or send_again")),
    };
    let mut tx = by.tx().await?;
    let conversation: Option<ConversationId> = sqlx::query_scalar(
        "update messages set state = $3, state_code = 'decided', state_detail = null, fence = null, writer = case when writer = 'bot' then 'human' else writer end \
         where org_id = $1 and id = $2 and state = 'unknown' returning conversation_id",
    )
    .bind(tx.org())
    .bind(id)
    .bind(state)
    .fetch_optional(tx.conn())
    .await?;
    let conversation = conversation.ok_or_else(|| AppError::not_found("message with an unknown outcome"))?;
    if state == "queued" {
        tx.enqueue(SendJob::of(id, conversation));
    }
    let fact =
        Fact::MessageState { conversation, message: id, state: state.to_owned(), code: Some("decided".to_owned()) };
    tx.append(Event::new(Subject::Conversation(conversation), by.actor(), fact));
    tx.commit().await?;
    Ok(())
}

/// Decide about a message whose delivery is unknown.
#[utoipa::path(post, path = "/v2/messages/{id}/resolution", tag = "conversations", request_body = ResolutionIn, responses((status = 204)))]
pub(crate) async fn resolve_message(
    by: Allowed<Reply>,
    Path(id): Path<MessageId>,
    Json(given): Json<ResolutionIn>,
) -> Result<StatusCode, AppError> {
    resolve(&by, id, &given).await?;
    Ok(StatusCode::NO_CONTENT)
}
