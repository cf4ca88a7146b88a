//! What went wrong with a HubSpot call, and what to do about it.
//!
//! Rules a newcomer would break: 429 has three meanings told apart by `policyName` (a second, ten seconds, a day); a
//! 401 is not the signal to refresh a token, its `expires_in` is; a 409 for a contact ends with the id of the record
//! that is already there, which is the answer and not an error for us.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// A batch item's failure has the same form as a whole answer's.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// `VALIDATION_ERROR`, `CONFLICT`, `OBJECT_NOT_FOUND`, …
    #[serde(default)]
    pub category: String,
    /// For people.
    #[serde(default)]
    pub message: String,
    /// For HubSpot's support.
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// Which limit was hit.
    #[serde(default)]
    pub policy_name: Option<String>,
    /// `RATE_LIMIT` on 429.
    #[serde(default)]
    pub error_type: Option<String>,
    /// More about it, such as the ids it concerns.
    #[serde(default)]
    pub context: Value,
    /// The separate problems.
    #[serde(default)]
    pub errors: Vec<Value>,
    /// OAuth answers name the problem here.
    #[serde(default)]
    pub error: Option<String>,
}

/// Which limit was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Per second (search).
    Secondly,
    /// Per ten seconds.
    TenSecondly,
    /// Per day, until midnight of the account.
    Daily,
}

impl Limit {
    /// How long until the limit is likely open again.
    pub fn wait(self) -> Duration {
        match self {
            Self::Secondly => Duration::from_secs(1),
            Self::TenSecondly => Duration::from_secs(10),
            Self::Daily => Duration::from_secs(3600),
        }
    }
}

/// The kinds of failure the caller treats differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// Too fast; wait.
    RateLimited(Limit),
    /// The access token is no longer good: refresh it.
    Unauthorised,
    /// The app may not do this; the person who connected it must agree again.
    MissingScopes,
    /// No such record.
    NotFound,
    /// A record with this unique value exists; its id, where the answer told it.
    Conflict {
        /// HubSpot's id of the record that is there.
        existing: Option<String>,
    },
    /// Our values are wrong.
    Invalid,
    /// The grant (code or refresh token) is no longer good: connect again.
    GrantExpired,
    /// HubSpot is overloaded or broken, or could not be reached; nothing happened.
    Unavailable,
    /// The answer did not come: the effect may have happened.
    Lost,
    /// The answer is not in the wire format.
    Malformed,
}

/// A failed call to HubSpot.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub struct Failure {
    /// What it was.
    pub kind: FailureKind,
    /// HubSpot's words.
    pub message: String,
    /// How long to wait before trying again, where that helps.
    pub retry_after: Option<Duration>,
    /// For HubSpot's support.
    pub correlation_id: Option<String>,
}

impl Failure {
    /// A failure without an answer.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None, correlation_id: None }
    }

    /// Reads an error answer: its status, its `retry-after` in whole seconds if it had one, and its body.
    pub fn from_answer(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let error: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
        let kind = kind_of(status, &error);
        let retry_after = match &kind {
            FailureKind::RateLimited(limit) => Some(retry_after.unwrap_or_else(|| limit.wait())),
            _ => retry_after,
        };
        let message = if error.message.is_empty() {
            format!("status {status}: {}", String::from_utf8_lossy(&body[..body.len().min(200)]))
        } else {
            error.message
        };
        Self { kind, message, retry_after, correlation_id: error.correlation_id }
    }

    /// True when the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, FailureKind::RateLimited(_) | FailureKind::Unavailable)
    }
}

/// What kind of failure a status and body are; batch items use their category alone (`status` 400).
pub fn kind_of(status: u16, error: &ErrorBody) -> FailureKind {
    if status == 429 || error.category == "RATE_LIMITS" || error.error_type.as_deref() == Some("RATE_LIMIT") {
        return FailureKind::RateLimited(limit_of(error));
    }
    let ended = matches!(error.category.as_str(), "BAD_AUTH_CODE" | "BAD_REFRESH_TOKEN");
    if ended || error.error.as_deref() == Some("invalid_grant") {
        return FailureKind::GrantExpired;
    }
    match (status, error.category.as_str()) {
        (_, "CONFLICT") | (409, _) => FailureKind::Conflict { existing: existing_id(&error.message) },
        (_, "OBJECT_NOT_FOUND") | (404, _) => FailureKind::NotFound,
        (_, "EXPIRED_AUTHENTICATION" | "INVALID_AUTHENTICATION") | (401, _) => FailureKind::Unauthorised,
        (_, "MISSING_SCOPES") | (403, _) => FailureKind::MissingScopes,
        (408 | 423 | 425 | 477 | 500.., _) => FailureKind::Unavailable,
        _ => FailureKind::Invalid,
    }
}

fn limit_of(error: &ErrorBody) -> Limit {
    match error.policy_name.as_deref() {
        Some("DAILY") => Limit::Daily,
        Some("SECONDLY") => Limit::Secondly,
        None if error.message.contains("daily limit") => Limit::Daily,
        None if error.message.contains("secondly limit") && !error.message.contains("ten_secondly") => Limit::Secondly,
        _ => Limit::TenSecondly,
    }
}

/// Reads `… Existing ID: 12345` out of a conflict's message.
pub fn existing_id(message: &str) -> Option<String> {
    let (_, rest) = message.rsplit_once("Existing ID:")?;
    let id: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    (!id.is_empty()).then_some(id)
}
