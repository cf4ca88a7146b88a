//! `GET /v2/conversations/{id}/messages`.

use chrono::{DateTime, Utc};
use kernel::ids::{ConversationId, DecisionId, MessageId};
use serde::Serialize;
use serde_json::Value;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

use super::store::{self, MessageRow};

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageOut {
    pub id: MessageId,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// `contact`, `bot`, `human` or `native_app`.
    pub writer: String,
    /// `text`, `attachment`, `postback`, `template` or `unsupported`.
    pub kind: String,
    pub text: String,
    pub attachments: Value,
    /// `received`; `queued`, `sending`, `sent`, `delivered`, `read`, `failed`, `unknown` or `cancelled`.
    pub state: String,
    pub state_code: Option<String>,
    pub state_detail: Option<String>,
    /// The decision of the AI behind it: `recoup replay` reproduces it.
    pub decision_id: Option<DecisionId>,
    /// What of the knowledge an AI reply quotes.
    pub sources: Option<Value>,
    /// The platform's time of an inbound message, ours of an outbound one.
    pub at: DateTime<Utc>,
    pub send_after: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
}

impl From<MessageRow> for MessageOut {
    fn from(row: MessageRow) -> Self {
        let MessageRow {
            id,
            direction,
            writer,
            author_id: _,
            kind,
            body,
            attachments,
            state,
            state_code,
            state_detail,
            decision_id,
            sources,
            reaction: _,
            at,
            send_after,
            sent_at,
            delivered_at,
            read_at,
            deleted_at,
        } = row;
        // What the contact took back is not shown again.
        let text = if deleted_at.is_some() { String::new() } else { body };
        Self {
            id,
            direction,
            writer,
            kind,
            text,
            attachments,
            state,
            state_code,
            state_detail,
            decision_id,
            sources,
            at,
            send_after,
            sent_at,
            delivered_at,
            read_at,
        }
    }
}

/// List a conversation's messages, newest first.
#[utoipa::path(get, path = "/v2/conversations/{id}/messages", tag = "conversations", params(PageParams),
    responses((status = 200, body = Listed<MessageOut>)))]
pub(crate) async fn list_messages(
    by: Allowed<View>,
    Path(id): Path<ConversationId>,
    page: Page<(DateTime<Utc>, MessageId)>,
) -> Result<Json<Listed<MessageOut>>, AppError> {
    let mut tx = by.tx().await?;
    store::one(&mut tx, id).await?.ok_or_else(|| AppError::not_found("conversation"))?;
    let rows = store::message_rows(&mut tx, id, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |row| (row.at, row.id))?.map(MessageOut::from)))
}
