//! `POST /v2/conversations/{id}/messages`: a person answers. Writing takes the pen from the bot.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::ids::{ConversationId, MessageId};
use kernel::ledger::{Event, Fact, Subject, Writer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::show::facts;
use super::store;
use super::takeover::{settle_in_flight, take};
use crate::ingest::{NewMessage, insert};
use crate::sending::SendJob;
use crate::sending::policy::{Outgoing, Verdict, judge};

/// A reply of a person.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MessageIn {
    /// The text.
    pub text: String,
    /// An approved template (WhatsApp): name, language, variables.
    #[schema(value_type = Option<Object>)]
    pub template: Option<Value>,
    /// The platform's id of the message it answers.
    pub reply_to: Option<String>,
    /// Not before this instant.
    pub send_after: Option<DateTime<Utc>>,
}

/// A reply on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queued {
    pub id: MessageId,
    /// `queued`.
    pub state: &'static str,
}

/// Writes a person's reply as an intent to send; refuses what the platform would refuse.
pub(crate) async fn write_reply(
    by: &Allowed<Reply>,
    id: ConversationId,
    given: MessageIn,
) -> Result<MessageId, AppError> {
    let mut tx = by.tx().await?;
    let row = store::one(&mut tx, id).await?.ok_or_else(|| AppError::not_found("conversation"))?;
    let channel = crate::channels::find(&mut tx, row.channel_id).await?;
    let facts = facts(&row, channel.is_some_and(|channel| channel.status == "connected"));
    let at = given.send_after.unwrap_or_else(|| by.now()).max(by.now());
    let outgoing = Outgoing { body: &given.text, template: given.template.is_some(), by_person: true };
    if let Verdict::Refused { code, reason, instead } = judge(&facts, &outgoing, at) {
        return Err(AppError::unprocessable(format!("{reason} {instead}")).and("text", code));
    }
    let turn = take(&mut tx, id, by.actor(), "replied").await?;
    let message = MessageId::new(&by.kernel().clock);
    let new = NewMessage {
        id: message,
        conversation: id,
        turn,
        channel: row.channel_id,
        outbound: true,
        writer: "human",
        author: by.member().map(kernel::ids::MemberId::uuid),
        platform_id: None,
        kind: if given.template.is_some() { "template" } else { "text" },
        body: crate::ingest::clean(&given.text),
        attachments: Value::Array(Vec::new()),
        reply_to: given.reply_to,
        state: "queued",
        meaningful: true,
        fence: None,
        decision: None,
        sources: None,
        at: by.now(),
        send_after: given.send_after,
        template: given.template,
        tag: None,
    };
    insert(&mut tx, &[new]).await?;
    tx.append(Event::new(
        Subject::Conversation(id),
        by.actor(),
        Fact::MessageQueued { conversation: id, message, writer: Writer::Human },
    ));
    let job = SendJob::of(message, id);
    // A scheduled message waits without the conversation's key, so that it does not hold back what is sent before it.
    tx.enqueue(match given.send_after.filter(|at| *at > by.now()) {
        Some(at) => SendJob::unkeyed(message).at(at),
        None => job,
    });
    tx.commit().await?;
    settle_in_flight(by, id).await?;
    Ok(message)
}

/// Answer as a person. It is sent at once, or at `send_after`.
#[utoipa::path(post, path = "/v2/conversations/{id}/messages", tag = "conversations", request_body = MessageIn,
    responses((status = 201, body = Queued)))]
pub(crate) async fn create_message(
    by: Allowed<Reply>,
    Path(id): Path<ConversationId>,
    Json(given): Json<MessageIn>,
) -> Result<(StatusCode, Json<Queued>), AppError> {
    let message = write_reply(&by, id, given).await?;
    Ok((StatusCode::CREATED, Json(Queued { id: message, state: "queued" })))
}
