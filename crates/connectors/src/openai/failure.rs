//! What went wrong with a model call, and whether trying again can help.
//!
//! Rules a newcomer would break: two different things answer 429 (too fast: wait; no money left: never retry); a
//! context that is too long is a 400 that another model may accept; a provider's message may repeat a part of the key,
//! so it is masked before anyone can log it. `code` is text at some servers and a number at others.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// The kinds of failure the caller treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Too many requests or tokens a minute: wait, then try again.
    RateLimited,
    /// The account has no money or quota left: trying again cannot help.
    QuotaExhausted,
    /// The prompt and the answer do not fit into the model's context.
    ContextTooLong,
    /// The key is wrong or was withdrawn.
    InvalidKey,
    /// The key may not use this model or endpoint.
    Forbidden,
    /// No such model, deployment or path.
    NotFound,
    /// The provider's content filter refused the prompt or the answer.
    ContentFiltered,
    /// Our request is wrong.
    InvalidRequest,
    /// The provider is overloaded or broken.
    Unavailable,
    /// Our breaker leaves the provider alone after a run of failures; nothing was sent.
    Resting,
    /// No answer in time.
    TimedOut,
    /// No connection: nothing was sent.
    Unreachable,
    /// The connection broke after the request went out: the provider may have worked for us.
    Interrupted,
    /// The answer is not in the wire format.
    Malformed,
}

/// A failed call to a model provider.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub struct Failure {
    /// What it was.
    pub kind: FailureKind,
    /// The provider's words, keys masked.
    pub message: String,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
    /// The provider's id of the request, for its support.
    pub request_id: Option<String>,
    /// What the provider said about retrying (`x-should-retry`), which outranks our own table.
    pub should_retry: Option<bool>,
}

impl Failure {
    /// A failure without an answer.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        let message = mask_keys(&message.into());
        Self { kind, message, status: None, retry_after: None, request_id: None, should_retry: None }
    }

    /// Reads an error answer: its status and body.
    pub fn from_answer(status: u16, body: &[u8]) -> Self {
        let error = serde_json::from_slice::<Envelope>(body).ok().map(|envelope| envelope.error);
        let message = match &error {
            Some(error) if !error.message.is_empty() => error.message.clone(),
            _ => String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned(),
        };
        let code = error.as_ref().map(ErrorBody::code).unwrap_or_default();
        let kind = classify(status, &code, error.as_ref().map_or("", |error| error.kind.as_str()), &message);
        Self { status: Some(status), ..Self::new(kind, message) }
    }

    /// Reads an error object that arrived inside a stream; `None` when the event is no error.
    pub fn from_stream_event(event: &Value) -> Option<Self> {
        let error = event.get("error").filter(|error| !error.is_null())?;
        let error = match error {
            Value::String(message) => ErrorBody { message: message.clone(), ..ErrorBody::default() },
            other => serde_json::from_value(other.clone()).unwrap_or_default(),
        };
        let code = error.code();
        let status = code.parse().unwrap_or(500);
        Some(Self::new(classify(status, &code, &error.kind, &error.message), error.message))
    }

    /// True when the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.should_retry.unwrap_or(matches!(
            self.kind,
            FailureKind::RateLimited
                | FailureKind::Unavailable
                | FailureKind::TimedOut
                | FailureKind::Unreachable
                | FailureKind::Interrupted
        ))
    }

    /// True when it says something about the provider's health rather than about our request.
    pub fn counts_against_provider(&self) -> bool {
        matches!(
            self.kind,
            FailureKind::RateLimited
                | FailureKind::QuotaExhausted
                | FailureKind::InvalidKey
                | FailureKind::Unavailable
                | FailureKind::TimedOut
                | FailureKind::Unreachable
                | FailureKind::Interrupted
                | FailureKind::Malformed
        )
    }
}

#[derive(Deserialize)]
struct Envelope {
    error: ErrorBody,
}

#[derive(Deserialize, Default)]
struct ErrorBody {
    #[serde(default, deserialize_with = "text_or_null")]
    message: String,
    #[serde(default, rename = "type", deserialize_with = "text_or_null")]
    kind: String,
    #[serde(default)]
    code: Value,
    #[serde(default)]
    innererror: Value,
}

impl ErrorBody {
    fn code(&self) -> String {
        if self.innererror["code"] == "ResponsibleAIPolicyViolation" {
            return "content_filter".to_owned();
        }
        match &self.code {
            Value::String(code) => code.clone(),
            Value::Number(code) => code.to_string(),
            _ => String::new(),
        }
    }
}

fn text_or_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(from)?.unwrap_or_default())
}

fn classify(status: u16, code: &str, kind: &str, message: &str) -> FailureKind {
    let named = |names: &[&str]| names.contains(&code) || names.contains(&kind);
    if named(&["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"]) {
        return FailureKind::QuotaExhausted;
    }
    if named(&["context_length_exceeded", "exceed_context_size_error", "string_above_max_length"]) {
        return FailureKind::ContextTooLong;
    }
    if named(&["content_filter", "content_policy_violation"]) {
        return FailureKind::ContentFiltered;
    }
    if named(&["rate_limit_exceeded", "rate_limit_error"]) {
        return FailureKind::RateLimited;
    }
    if named(&["invalid_api_key", "authentication_error"]) {
        return FailureKind::InvalidKey;
    }
    match status {
        401 => FailureKind::InvalidKey,
        403 => FailureKind::Forbidden,
        404 => FailureKind::NotFound,
        408 | 504 => FailureKind::TimedOut,
        429 => FailureKind::RateLimited,
        400 if message.contains("maximum context length") => FailureKind::ContextTooLong,
        409 | 500.. => FailureKind::Unavailable,
        _ => FailureKind::InvalidRequest,
    }
}

/// Replaces everything that looks like an API key by `sk-***`.
fn mask_keys(text: &str) -> String {
    let looks_like_key = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.starts_with("sk-") || (word.len() >= 32 && word.chars().all(|c| c.is_ascii_hexdigit()))
    };
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            let bare = word.trim_end();
            if looks_like_key(bare) { word.replace(bare, "sk-***") } else { word.to_owned() }
        })
        .collect()
}
