//! `/v2/ai/models` and `/v2/ai/chat/completions`: what the official OpenAI clients call, and the same over a WebSocket.

use std::convert::Infallible;

use ai::gateway::Turn;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use kernel::can_fail::CanFail;
use kernel::ids::{MemberId, OrgId};
use serde_json::{Value, json};
use shell::auth::permission::RunReports;
use shell::{Allowed, AppError, Json, Path};
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::answer::{Done, Question, Step, answer};
use crate::core::Core;
use crate::threads;
use crate::web::Desk;
use crate::wire::{ChatRequest, Head, MODEL, ModelOut, ModelsOut};

/// Steps that may wait for a slow reader.
const WAITING: usize = 32;
/// The longest message on a socket.
const LONGEST_FRAME: usize = 256 << 10;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list_models))
        .routes(routes!(show_model))
        .routes(routes!(complete_chat))
        .routes(routes!(chat_socket))
}

/// List the models: there is one.
#[utoipa::path(get, path = "/v2/ai/models", tag = "advisor", responses((status = 200, body = ModelsOut)))]
pub(crate) async fn list_models(_by: Allowed<RunReports>) -> Json<ModelsOut> {
    Json(ModelsOut { object: "list", data: vec![ModelOut::advisor()] })
}

/// Show a model.
#[utoipa::path(get, path = "/v2/ai/models/{model}", tag = "advisor", responses((status = 200, body = ModelOut)))]
pub(crate) async fn show_model(
    _by: Allowed<RunReports>,
    Path(model): Path<String>,
) -> Result<Json<ModelOut>, AppError> {
    if model != MODEL {
        return Err(AppError::not_found("model"));
    }
    Ok(Json(ModelOut::advisor()))
}

/// Ask the advisor, in the OpenAI wire format: whole, or streamed as server-sent events.
///
/// Every figure of the answer was looked up in your data; `recoup` holds the rows behind it, charts and actions.
#[utoipa::path(post, path = "/v2/ai/chat/completions", tag = "advisor", request_body = ChatRequest,
    responses((status = 200, body = Value)))]
pub(crate) async fn complete_chat(
    by: Allowed<RunReports>,
    State(core): State<Core>,
    Json(request): Json<ChatRequest>,
) -> Result<Response, AppError> {
    request.check()?;
    let head = Head::new(kernel::ids::uuid_at(by.now()), by.now());
    let (streams, wants_usage) = (request.stream == Some(true), request.wants_usage());
    let steps = begin(&core, by.org(), by.member(), request).await?;
    if !streams {
        let (text, calls, done, withheld) = gathered(steps).await;
        return Ok(Json(head.whole(&text, &calls, &done, withheld)).into_response());
    }
    let pieces = events(Pieces::new(head, steps, wants_usage));
    let mut response = Sse::new(pieces).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// Ask the advisor over a WebSocket: each message is a request of `chat/completions`, its pieces come as messages, `[DONE]` ends it.
#[utoipa::path(get, path = "/v2/ai/chat/socket", tag = "advisor", responses((status = 101, description = "the socket is open")))]
pub(crate) async fn chat_socket(
    by: Allowed<RunReports>,
    State(core): State<Core>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, AppError> {
    // Browsers send cookies with sockets of other sites.
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) || is_foreign(&headers) {
        return Err(AppError::forbidden("this socket was opened by another site"));
    }
    let (org, member) = (by.org(), by.member());
    Ok(upgrade.max_message_size(LONGEST_FRAME).on_upgrade(move |socket| converse(socket, core, org, member)))
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text("origin") else { return false };
    origin.split_once("://").map(|(_, rest)| rest) != text("host")
}

async fn converse(mut socket: WebSocket, core: Core, org: OrgId, member: Option<MemberId>) {
    while let Some(Ok(message)) = socket.recv().await {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return,
            _ => continue,
        };
        let asked = serde_json::from_str::<ChatRequest>(&text)
            .map_err(|error| AppError::bad_request(format!("the message is no chat request: {error}")))
            .and_then(|request| request.check().map(|()| request));
        let begun = match asked {
            Ok(request) => {
                let usage = request.wants_usage();
                begin(&core, org, member, request).await.map(|steps| (steps, usage))
            }
            Err(error) => Err(error),
        };
        let (steps, usage) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                let told = json!({"error": {"message": error.to_string(), "type": "invalid_request_error"}});
                if socket.send(Message::Text(told.to_string().into())).await.is_err() {
                    return;
                }
                continue;
            }
        };
        let mut pieces = Pieces::new(
            Head::new(kernel::ids::uuid_at(core.kernel.clock.now()), core.kernel.clock.now()),
            steps,
            usage,
        );
        while let Some(piece) = pieces.next().await {
            if socket.send(Message::Text(piece.into())).await.is_err() {
                return;
            }
        }
    }
}

/// Sets the advisor to work; the steps end with [`Step::Done`].
pub(crate) async fn begin(
    core: &Core,
    org: OrgId,
    member: Option<MemberId>,
    request: ChatRequest,
) -> Result<mpsc::Receiver<Step>, AppError> {
    let thread = request.metadata.as_ref().and_then(|metadata| metadata.get("thread_id")).and_then(Value::as_str);
    let mut history = match (thread, member) {
        (Some(thread), Some(member)) => threads::history(core, org, member, thread).await?,
        (Some(_), None) => {
            return Err(AppError::field("metadata.thread_id", "is for members; a key keeps no conversation"));
        }
        (None, _) => Vec::new(),
    };
    history.extend(earlier(&request));
    let question = Question {
        org,
        text: request.question(),
        history,
        functions: request.functions(),
        max_tokens: request.most_tokens(),
        temperature: request.temperature,
    };
    Ok(set_going(core, question))
}

/// Answers in a task of its own: a reader that goes away ends it.
pub(crate) fn set_going(core: &Core, question: Question) -> mpsc::Receiver<Step> {
    let (out, steps) = mpsc::channel(WAITING);
    let core = core.clone();
    tokio::spawn(async move { answer(&core, question, out).await });
    steps
}

/// What was said before the question, in the request itself. What a program says of itself (system messages) and what its
/// functions answered is data like the rest.
fn earlier(request: &ChatRequest) -> Vec<Turn> {
    let last = request.messages.iter().rposition(|message| message.role == "user").unwrap_or(0);
    let others = request.messages.iter().enumerate().filter(|(place, _)| *place != last);
    others
        .map(|(_, message)| Turn { customer: message.role != "assistant", text: message.text() })
        .filter(|turn| !turn.text.trim().is_empty())
        .collect()
}

/// A whole answer: what was withheld is left out of it.
pub(crate) async fn gathered(
    mut steps: mpsc::Receiver<Step>,
) -> (String, Vec<connectors::openai::chat::ToolCall>, Done, bool) {
    let (mut text, mut calls, mut withheld) = (String::new(), Vec::new(), false);
    while let Some(step) = steps.recv().await {
        match step {
            Step::Text(piece) => text.push_str(&piece),
            Step::Withheld => {
                text.clear();
                withheld = true;
            }
            Step::Calls(made) => calls = made,
            Step::Done(done) => return (text, calls, *done, withheld),
        }
    }
    (text, calls, Done::default(), withheld)
}

/// The pieces of a streamed answer, as JSON texts, `[DONE]` last.
pub(crate) struct Pieces {
    head: Head,
    steps: mpsc::Receiver<Step>,
    wants_usage: bool,
    withheld: bool,
    waiting: std::collections::VecDeque<String>,
    over: bool,
}

impl Pieces {
    fn new(head: Head, steps: mpsc::Receiver<Step>, wants_usage: bool) -> Self {
        let first = head.chunk(&json!({"role": "assistant", "content": "", "refusal": null}), None).to_string();
        Self { head, steps, wants_usage, withheld: false, waiting: [first].into(), over: false }
    }

    async fn next(&mut self) -> Option<String> {
        if let Some(piece) = self.waiting.pop_front() {
            return Some(piece);
        }
        if self.over {
            return None;
        }
        match self.steps.recv().await {
            Some(Step::Text(text)) => Some(self.head.chunk(&json!({"content": text}), None).to_string()),
            Some(Step::Withheld) => {
                self.withheld = true;
                let told = "\n\n(What was said so far held a figure that is not in your data and is withdrawn.)\n\n";
                Some(self.head.chunk(&json!({"content": told}), None).to_string())
            }
            Some(Step::Calls(calls)) => {
                let calls: Vec<Value> = calls
                    .iter()
                    .enumerate()
                    .map(|(index, call)| {
                        json!({"index": index, "id": call.id, "type": "function",
                            "function": {"name": call.function.name, "arguments": call.function.arguments}})
                    })
                    .collect();
                Some(self.head.chunk(&json!({"tool_calls": calls}), None).to_string())
            }
            Some(Step::Done(done)) => {
                self.over = true;
                if self.wants_usage {
                    self.waiting.push_back(self.head.usage(&done).to_string());
                }
                self.waiting.push_back("[DONE]".to_owned());
                Some(self.head.last(&done, self.withheld).to_string())
            }
            None => {
                // The answer's task died: the client must not take what came for the whole.
                self.over = true;
                Some(
                    json!({"error": {"message": "the answer broke off; ask again", "type": "server_error"}})
                        .to_string(),
                )
            }
        }
    }
}

fn events(pieces: Pieces) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.next().await?;
        Some((Ok(Event::default().data(piece)), pieces))
    })
}

/// Keeps a turn of a member's conversation; a failure is logged, the answer stands.
pub(crate) async fn remember(
    core: &Core,
    org: OrgId,
    member: MemberId,
    thread: Uuid,
    question: &str,
    text: &str,
    done: &Done,
) {
    threads::keep(core, org, member, thread, question, text, done)
        .await
        .can_fail("keeping a conversation with the advisor");
}
