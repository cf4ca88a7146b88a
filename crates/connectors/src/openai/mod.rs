//! Any server that speaks the OpenAI wire format — OpenAI, Azure OpenAI, llama.cpp, vLLM, a gateway — behind a `base_url`.
//!
//! Rules a newcomer would break: nothing is retried here (the model gateway does, and counts the cost); on Azure the
//! deployment stands in the path, the key in `api-key` and `api-version` is a must; dropping a [`ChatStream`] closes the
//! connection, which is how a provider is told to stop.

pub mod chat;
pub mod embeddings;
pub mod failure;
pub mod limits;
pub mod moderation;
pub mod sse;
pub mod stream;

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;
use kernel::http::header::HeaderName;
use kernel::http::{Http, HttpError, Lost, NotSent, Request, Response, StatusCode, Streaming};
use serde_json::Value;

use chat::{ChatRequest, Completion};
use embeddings::{EmbeddingRequest, Embeddings};
use failure::{Failure, FailureKind};
use limits::RateLimits;
use moderation::{Moderation, ModerationRequest};
use stream::ChatStream;

/// Which dialect a server speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's own: `{base_url}/chat/completions`, bearer key. The base ends in `/v1`.
    OpenAi,
    /// Servers that know the token limit only by its older name, `max_tokens`.
    OlderLimit,
    /// Azure: `{base_url}/openai/deployments/{model}/chat/completions?api-version=…`, `api-key` header.
    Azure {
        /// Such as `2025-04-01-preview`.
        api_version: String,
    },
}

/// A server and how to talk to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Names the breaker, the metrics and the decision records.
    pub name: String,
    /// Where it is.
    pub base_url: String,
    /// Our key; empty for servers without one.
    pub api_key: String,
    /// How it talks.
    pub dialect: Dialect,
    /// The longest wait for an answer, or for the next piece of a streamed one.
    pub timeout: Duration,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// An answer and what its headers said.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered<T> {
    /// The answer.
    pub value: T,
    /// What is left of the provider's limits.
    pub limits: RateLimits,
}

/// Talks to one server.
#[derive(Debug, Clone)]
pub struct OpenAi {
    http: Http,
    endpoint: Endpoint,
}

impl OpenAi {
    /// A client of `endpoint`.
    pub fn new(http: Http, endpoint: Endpoint) -> Self {
        Self { http, endpoint }
    }

    /// The server it talks to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks for a whole answer.
    pub async fn chat(&self, request: &ChatRequest) -> Result<Answered<Completion>, Failure> {
        let body = request.body(false, self.endpoint.dialect == Dialect::OlderLimit);
        let response = self.send(self.post("chat/completions", &request.model).json(&body)).await?;
        let value: Completion = serde_json::from_slice(&response.body)
            .map_err(|error| Failure::new(FailureKind::Malformed, format!("not a completion: {error}")))?;
        if value.choices.is_empty() {
            return Err(Failure::new(FailureKind::Malformed, "a completion without an answer"));
        }
        Ok(Answered { value, limits: limits_of(&response) })
    }

    /// Asks for an answer piece by piece.
    pub async fn stream(&self, request: &ChatRequest) -> Result<ChatStream, Failure> {
        let body = request.body(true, self.endpoint.dialect == Dialect::OlderLimit);
        let request = self.post("chat/completions", &request.model).json(&body);
        let head = request.stream().await.map_err(|error| lost(&error))?;
        if head.status != StatusCode::OK {
            return Err(self.failure(&head.whole().await.map_err(|error| lost(&error))?));
        }
        if head.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/json")) {
            let whole = head.whole().await.map_err(|error| lost(&error))?;
            return match serde_json::from_slice::<Value>(&whole.body) {
                Ok(event) if event.get("error").is_some() => Err(self.failure(&whole)),
                _ => Err(Failure::new(FailureKind::Malformed, "asked for a stream, got one answer")),
            };
        }
        Ok(ChatStream::new(pieces(head)))
    }

    /// Turns texts into vectors, at most [`embeddings::MOST_INPUTS`] of them.
    pub async fn embed(&self, request: &EmbeddingRequest) -> Result<Answered<Embeddings>, Failure> {
        embeddings::check(request)?;
        let response = self.send(self.post("embeddings", &request.model).json(request)).await?;
        Ok(Answered { value: embeddings::read(&response.body, request.input.len())?, limits: limits_of(&response) })
    }

    /// Asks whether texts are harmful. Azure has no such endpoint.
    pub async fn moderate(&self, request: &ModerationRequest) -> Result<Vec<Moderation>, Failure> {
        let response = self.send(self.post("moderations", &request.model).json(request)).await?;
        moderation::read(&response.body, request.input.len())
    }

    fn post(&self, path: &str, model: &str) -> Request {
        let Endpoint { name, base_url, api_key, dialect, timeout } = &self.endpoint;
        let base = base_url.trim_end_matches('/');
        let (url, version) = match dialect {
            Dialect::Azure { api_version } => {
                (format!("{base}/openai/deployments/{}/{path}", path_part(model)), Some(api_version))
            }
            Dialect::OpenAi | Dialect::OlderLimit => (format!("{base}/{path}"), None),
        };
        let mut request = self.http.post(format!("ai.{name}"), url).timeout(*timeout);
        if let Some(version) = version {
            request = request.query(&[("api-version", version)]);
            return request.header(HeaderName::from_static("api-key"), api_key);
        }
        if api_key.is_empty() { request } else { request.bearer(api_key) }
    }

    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| lost(&error))?;
        if response.status.is_success() { Ok(response) } else { Err(self.failure(&response)) }
    }

    fn failure(&self, response: &Response) -> Failure {
        let header = |name: &str| response.header(name).map(str::to_owned);
        Failure {
            retry_after: limits::retry_after(header, self.http.clock().now()),
            request_id: header("x-request-id").or_else(|| header("apim-request-id")),
            should_retry: header("x-should-retry").and_then(|value| value.parse().ok()),
            ..Failure::from_answer(response.status.as_u16(), &response.body)
        }
    }
}

fn limits_of(response: &Response) -> RateLimits {
    RateLimits::read(|name| response.header(name).map(str::to_owned))
}

fn pieces(head: Streaming) -> stream::Body {
    futures_util::stream::unfold(Some(head), |head| async move {
        let mut head = head?;
        match head.chunk().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(head))),
            Ok(None) => None,
            Err(error) => Some((Err(lost(&error)), None)),
        }
    })
    .boxed()
}

fn lost(error: &HttpError) -> Failure {
    let kind = match error {
        HttpError::NotSent { why: NotSent::BreakerOpen { .. }, .. } => FailureKind::Resting,
        HttpError::NotSent { why: NotSent::Invalid(_) | NotSent::Forbidden(_), .. } => FailureKind::InvalidRequest,
        HttpError::NotSent { .. } => FailureKind::Unreachable,
        HttpError::Unknown { why: Lost::Timeout, .. } => FailureKind::TimedOut,
        HttpError::Unknown { why: Lost::BodyTooLarge { .. }, .. } => FailureKind::Malformed,
        HttpError::Unknown { .. } => FailureKind::Interrupted,
    };
    Failure::new(kind, error.to_string())
}

/// A model's name as one part of a path.
fn path_part(name: &str) -> String {
    use std::fmt::Write;
    let mut part = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            part.push(byte.into());
        } else {
            write!(part, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    part
}
