//! `/v2/site/chat`: what the widget calls. A chat's token comes in a header, never in an address.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, Stream};
use kernel::ids::{MessageId, decode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::{AppError, Detail, Json};
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::engine::{self, Data, Flow, Known, Said};
use super::mouth::Step;
use super::speak;
use super::store::{self, Author, Line};
use super::{hand_over, passages};
use crate::audit::{config, submit};
use crate::core::Core;
use crate::inquiries::rate;
use crate::tally;
use crate::visit::Visit;

/// The header with a chat's token.
const TOKEN: &str = "x-chat-token";
/// What one address may do in an hour.
const BEGUN_AN_HOUR: u32 = 30;
const SAID_AN_HOUR: u32 = 400;
const READ_AN_HOUR: u32 = 2_000;
/// The longest text, in characters; the most choices at once, and the longest of them.
const LONGEST: usize = 2_000;
const MOST_CHOICES: usize = 40;
const LONGEST_CHOICE: usize = 80;
/// Steps that may wait for a slow reader.
const WAITING: usize = 32;

/// How a chat is begun.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = SiteChatBeginIn)]
pub(crate) struct BeginIn {
    /// Whether the visitor agreed that the conversation is kept: without it there is none.
    pub agreed: bool,
}

/// What a visitor says: words, choices that were offered, or both.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = SiteChatSayIn)]
pub(crate) struct SayIn {
    /// At most 2,000 characters.
    pub text: String,
    /// The ids of what was chosen.
    #[schema(example = json!(["assess"]))]
    pub choices: Vec<String>,
}

/// Who asks for a person.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = SiteChatPersonIn)]
pub(crate) struct PersonIn {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub company: String,
}

/// A chat.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteChatOut)]
pub(crate) struct ChatOut {
    /// The key to it, told once, when it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Who answers: `assistant` or `people`.
    pub state: &'static str,
    /// Oldest first.
    pub messages: Vec<LineOut>,
}

/// One message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteChatMessageOut)]
pub(crate) struct LineOut {
    pub id: MessageId,
    /// `visitor`, `assistant` or `person`.
    pub author: &'static str,
    pub text: String,
    pub at: DateTime<Utc>,
    /// What can be chosen, where it stands, and what leads on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
}

impl From<Line> for LineOut {
    fn from(Line { id, author, text, data, at }: Line) -> Self {
        Self { id, author: author.word(), text, at, data }
    }
}

/// Begin a chat with a site's assistant. The token of the answer opens it in the header `x-chat-token`.
#[utoipa::path(post, path = "/v2/site/chat", tag = "site", security(()), request_body = BeginIn, responses((status = 201, body = ChatOut)))]
pub(crate) async fn begin_chat(
    visit: Visit,
    State(core): State<Core>,
    Json(given): Json<BeginIn>,
) -> Result<(StatusCode, Json<ChatOut>), AppError> {
    let site = &visit.site;
    if !site.flags.assistant {
        return Err(AppError::not_found("chat"));
    }
    if !given.agreed {
        return Err(AppError::field("agreed", "must be true: a conversation is kept only when its visitor agrees"));
    }
    rate::check(&core, &visit, "chat_begin", BEGUN_AN_HOUR).await?;
    let token = submit::token()?;
    let known = passages::of(&core, site).await?;
    let vault = core.kernel().vault.of(site.org).await?;
    let mut tx = core.kernel().db.begin_site(site.org, Some(&token)).await?;
    let (version, questions) = config::current(&mut tx).await?;
    let flow = Flow { version, ..Flow::default() };
    let chat = store::begin(&mut tx, &token, &flow, &tally::source(&visit)).await?;
    let known = Known {
        config: &questions,
        plans: &known.plans,
        site: &site.name,
        audit: site.flags.audit,
        booking: site.flags.booking,
    };
    let line = speak::write(&mut tx, &vault, chat, Author::Assistant, engine::greeting(&known)).await?;
    tx.commit().await?;
    let out = ChatOut { token: Some(token), state: store::State::Assistant.word(), messages: vec![line.into()] };
    Ok((StatusCode::CREATED, Json(out)))
}

/// Show a chat: all that was said.
#[utoipa::path(get, path = "/v2/site/chat", tag = "site", security(()),
    params(("x-chat-token" = String, Header, description = "The key to the chat")), responses((status = 200, body = ChatOut)))]
pub(crate) async fn show_chat(visit: Visit, State(core): State<Core>) -> Result<Json<ChatOut>, AppError> {
    rate::check(&core, &visit, "chat_read", READ_AN_HOUR).await?;
    let token = token_of(&visit)?;
    let org = visit.site.org;
    let vault = core.kernel().vault.of(org).await?;
    let mut tx = core.kernel().db.begin_site(org, Some(token)).await?;
    let chat = store::by_token(&mut tx, token).await?.ok_or_else(|| AppError::not_found("chat"))?;
    let lines = store::lines(&mut tx, &vault, chat.id, None).await?;
    let messages = lines.into_iter().map(LineOut::from).collect();
    Ok(Json(ChatOut { token: None, state: chat.state.word(), messages }))
}

/// Say something. What follows comes as server-sent events: `piece` (a part of a message that comes: sentences that a model words, as
/// each of them stands), `message`, and at the end `done` or `failed`.
#[utoipa::path(post, path = "/v2/site/chat/messages", tag = "site", security(()), request_body = SayIn,
    params(("x-chat-token" = String, Header, description = "The key to the chat")),
    responses((status = 200, description = "events", content_type = "text/event-stream", body = LineOut)))]
pub(crate) async fn say(
    visit: Visit,
    State(core): State<Core>,
    Json(given): Json<SayIn>,
) -> Result<Response, AppError> {
    let token = token_of(&visit)?.to_owned();
    let said = checked(given)?;
    rate::check(&core, &visit, "chat_say", SAID_AN_HOUR).await?;
    let heard = speak::hear(&core, &visit, &token, &said).await?;
    let (out, steps) = mpsc::channel(WAITING);
    // In a task of its own: who goes away finds what was said when they come back.
    tokio::spawn(speak::go_on(core, visit, token, heard, out));
    Ok(streamed(events(steps)))
}

/// Ask for a person: what was said goes to the inbox of the site's owner, and people answer in the same chat.
#[utoipa::path(post, path = "/v2/site/chat/person", tag = "site", security(()), request_body = PersonIn,
    params(("x-chat-token" = String, Header, description = "The key to the chat")), responses((status = 200, body = ChatOut)))]
pub(crate) async fn ask_for_person(
    visit: Visit,
    State(core): State<Core>,
    Json(given): Json<PersonIn>,
) -> Result<Json<ChatOut>, AppError> {
    let token = token_of(&visit)?;
    let line = hand_over::ask(&core, &visit, token, given).await?;
    Ok(Json(ChatOut { token: None, state: store::State::People.word(), messages: vec![line.into()] }))
}

/// The token of a request; anything that is none opens nothing.
pub(super) fn token_of(visit: &Visit) -> Result<&str, AppError> {
    let token = visit.headers.get(TOKEN).and_then(|value| value.to_str().ok());
    token.filter(|token| decode(token).is_some()).ok_or_else(|| AppError::not_found("chat"))
}

fn checked(SayIn { text, choices }: SayIn) -> Result<Said, AppError> {
    let mut wrong = Vec::new();
    if text.chars().count() > LONGEST {
        wrong.push(Detail::new("text", "must have at most 2,000 characters: send it in parts"));
    }
    if choices.len() > MOST_CHOICES || choices.iter().any(|choice| choice.chars().count() > LONGEST_CHOICE) {
        wrong.push(Detail::new("choices", "must be ids of what was offered"));
    }
    if wrong.is_empty() && choices.is_empty() && text.trim().is_empty() {
        wrong.push(Detail::new("text", "must hold something"));
    }
    if wrong.is_empty() { Ok(Said::new(choices, &text)) } else { Err(AppError::fields(wrong)) }
}

/// Steps as events, until the last of them.
fn events(steps: mpsc::Receiver<Step>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(steps, |mut steps| async move {
        let event = match steps.recv().await? {
            Step::Piece { id, text } => {
                Event::default().event("piece").data(json!({ "id": id, "text": text }).to_string())
            }
            Step::Line(line) => message(&line),
            Step::Done(state) => Event::default().event("done").data(json!({ "state": state.word() }).to_string()),
            Step::Failed(why) => Event::default().event("failed").data(json!({ "message": why }).to_string()),
        };
        Some((Ok(event), steps))
    })
}

/// A message as an event.
pub(super) fn message(line: &LineOut) -> Event {
    let data = serde_json::to_string(line).unwrap_or_default();
    Event::default().event("message").id(line.id.to_string()).data(data)
}

/// A stream of events that nothing on the way holds back.
pub(super) fn streamed(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let mut response = Sse::new(events).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_has_its_bounds() {
        let of = |text: &str, choices: usize| {
            let choices = vec!["a:phone".to_owned(); choices];
            checked(SayIn { text: text.to_owned(), choices }).map_err(|error| error.details()[0].field.clone())
        };
        assert!(of("hello", 0).is_ok() && of("", 1).is_ok() && of(&"é".repeat(LONGEST), 0).is_ok());
        assert_eq!(of(" \n ", 0), Err("text".to_owned()));
        assert_eq!(of(&"é".repeat(LONGEST + 1), 0), Err("text".to_owned()));
        assert_eq!(of("", MOST_CHOICES + 1), Err("choices".to_owned()));
    }
}
