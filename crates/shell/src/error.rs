//! The one error of the edge: every handler returns `Result<_, AppError>`.
//!
//! Rules: use the short constructors; map constraint names to field errors where the query is; never turn "no row" into
//! 404 by `?` (a missing join is a bug, not a missing page) — load an `Option` and say `not_found` yourself. The message
//! is for the person who asked; the source is for the log, once, and never leaves the process.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::need::Need;

/// What went wrong with one field of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Detail {
    /// The path of the field, such as `quiet_hours.from`.
    #[schema(example = "email")]
    pub field: String,
    /// What is wrong with it, in words for a person.
    #[schema(example = "is not an email address")]
    pub reason: String,
}

impl Detail {
    /// One complaint about one field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// Text for a person: fixed, or made for the occasion.
type Text = Cow<'static, str>;

/// Why a request was not served. [`AppError::status`] is the one place that knows the HTTP status.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The request cannot be read: malformed JSON, a header that is not what it should be.
    #[error("{0}")]
    BadRequest(Text),
    /// Nobody is signed in, or the credential is not valid any more.
    #[error("{0}")]
    Unauthenticated(Text),
    /// A limit of the plan was reached; says which, when it resets and what lifts it.
    #[error("{0}")]
    PaymentRequired(Text),
    /// Signed in, but without the permission.
    #[error("{0}")]
    Forbidden(Text),
    /// Something comes first: a fresh proof, a second factor. `need` says what; details tell a program how.
    #[error("{}", need.message())]
    Needs {
        /// What comes first.
        need: Need,
        /// How a program goes on.
        details: Vec<Detail>,
    },
    /// There is no such thing for this organisation. Someone else's object is this too.
    #[error("{0}")]
    NotFound(Text),
    /// The path exists, the method does not.
    #[error("this address does not answer to that method")]
    MethodNotAllowed,
    /// It clashes with what is already there.
    #[error("{0}")]
    Conflict(Text),
    /// The body is over the limit of its route.
    #[error("the request is larger than this address accepts")]
    TooLarge,
    /// The body is not of the type this address reads.
    #[error("{0}")]
    UnsupportedMedia(Text),
    /// Readable, but the fields do not make sense.
    #[error("{message}")]
    Unprocessable {
        /// What is wrong, as a whole.
        message: Text,
        /// What is wrong, field by field.
        details: Vec<Detail>,
    },
    /// Too many requests; try again after the delay.
    #[error("too many requests")]
    TooMany {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// A part we depend on is away for the moment.
    #[error("{message}")]
    Unavailable {
        /// What is away and what was kept.
        message: Text,
        /// The cause, for the log.
        source: Option<anyhow::Error>,
    },
    /// Our fault. The client learns only the request id.
    #[error("something went wrong on our side")]
    Internal(anyhow::Error),
}

impl AppError {
    /// 400: the request cannot be read.
    pub fn bad_request(message: impl Into<Text>) -> Self {
        Self::BadRequest(message.into())
    }

    /// 401: nobody is signed in.
    pub fn unauthenticated(message: impl Into<Text>) -> Self {
        Self::Unauthenticated(message.into())
    }

    /// 402: what was exceeded, when it resets and which plan lifts it.
    pub fn payment_required(message: impl Into<Text>) -> Self {
        Self::PaymentRequired(message.into())
    }

    /// 403: signed in without the permission.
    pub fn forbidden(message: impl Into<Text>) -> Self {
        Self::Forbidden(message.into())
    }

    /// 401 or 403: something comes first.
    pub fn needs(need: Need) -> Self {
        let (field, reason) = need.hint();
        Self::Needs { need, details: vec![Detail::new(field, reason)] }
    }

    /// 404: `AppError::not_found("conversation")` reads "there is no such conversation".
    pub fn not_found(what: &str) -> Self {
        Self::NotFound(format!("there is no such {what}").into())
    }

    /// 409: it clashes with what is already there.
    pub fn conflict(message: impl Into<Text>) -> Self {
        Self::Conflict(message.into())
    }

    /// 422 about the whole; add fields with [`AppError::and`].
    pub fn unprocessable(message: impl Into<Text>) -> Self {
        Self::Unprocessable { message: message.into(), details: Vec::new() }
    }

    /// 422 about one field.
    pub fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::fields(vec![Detail::new(field, reason)])
    }

    /// 422 about several fields.
    pub fn fields(details: Vec<Detail>) -> Self {
        Self::Unprocessable { message: "some fields are not valid".into(), details }
    }

    /// 429 with the delay after which it is worth trying again.
    pub fn too_many(retry_after: Duration) -> Self {
        Self::TooMany { retry_after }
    }

    /// 503: a part we depend on is away.
    pub fn unavailable(message: impl Into<Text>) -> Self {
        Self::Unavailable { message: message.into(), source: None }
    }

    /// 500: our fault, with the cause for the log.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::Internal(cause.into())
    }

    /// Adds a field to an error that has details; other errors stay as they are.
    #[must_use]
    pub fn and(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        if let Self::Unprocessable { details, .. } | Self::Needs { details, .. } = &mut self {
            details.push(Detail::new(field, reason));
        }
        self
    }

    /// The HTTP status: the only `match` that decides it.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::PaymentRequired(_) => StatusCode::PAYMENT_REQUIRED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Needs { need, .. } => need.status(),
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unprocessable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable word programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad_request",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::PaymentRequired(_) => "payment_required",
            Self::Forbidden(_) => "forbidden",
            Self::Needs { need, .. } => need.code(),
            Self::NotFound(_) => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict(_) => "conflict",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia(_) => "unsupported_media_type",
            Self::Unprocessable { .. } => "unprocessable",
            Self::TooMany { .. } => "too_many_requests",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// The complaints field by field; empty for most errors.
    pub fn details(&self) -> &[Detail] {
        match self {
            Self::Unprocessable { details, .. } | Self::Needs { details, .. } => details,
            _ => &[],
        }
    }

    /// The cause with its chain, for the log only.
    pub(crate) fn cause(&self) -> Option<&anyhow::Error> {
        match self {
            Self::Internal(cause) => Some(cause),
            Self::Unavailable { source, .. } => source.as_ref(),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany { retry_after } => Some(retry_after.as_secs().max(1)),
            Self::Unavailable { .. } => Some(5),
            _ => None,
        }
    }
}

/// A lost or exhausted connection is 503; anything else from the database, "no row" included, is our fault.
impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => Self::Unavailable {
                message: "the database does not answer for the moment; nothing was changed".into(),
                source: Some(error.into()),
            },
            other => Self::Internal(other.into()),
        }
    }
}

/// An `AppError` that travelled through `anyhow` keeps its meaning.
impl From<anyhow::Error> for AppError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(known) => known,
            Err(error) => match error.downcast::<sqlx::Error>() {
                Ok(database) => database.into(),
                Err(other) => Self::Internal(other),
            },
        }
    }
}

impl From<kernel::vault::VaultError> for AppError {
    fn from(error: kernel::vault::VaultError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// Carried on the response until the outermost layer writes the body, because only that layer knows the request id and
/// whether a program or a person asked.
#[derive(Clone)]
pub(crate) struct Carried(pub(crate) Arc<AppError>);

/// The error that a response stands for, before the outermost layer writes it: for pages that say it in their own frame.
pub fn error_of(response: &Response) -> Option<Arc<AppError>> {
    response.extensions().get::<Carried>().map(|Carried(error)| error.clone())
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Carried(Arc::new(self)));
        response
    }
}

/// The body of every error under `/v2`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorOut,
}

/// What a program learns about an error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorOut {
    /// A stable word to match on.
    #[schema(example = "unprocessable")]
    pub code: String,
    /// What happened and what to do, for a person.
    #[schema(example = "some fields are not valid")]
    pub message: String,
    /// The id to quote to support; also in the `X-Request-ID` header.
    #[schema(example = "req_01h455vb4pex5vsknk084sn02q")]
    pub request_id: String,
    /// Complaints field by field; empty when the error is not about fields.
    pub details: Vec<Detail>,
    /// When it happened (RFC 3339, UTC).
    pub timestamp: chrono::DateTime<chrono::Utc>,
}
