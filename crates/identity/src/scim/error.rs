//! What an identity provider is told when something is not done (RFC 7644, 3.12).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use shell::AppError;

/// Why a SCIM request was not served.
#[derive(Debug)]
pub(crate) enum ScimError {
    /// Something this protocol has words for.
    Told { status: StatusCode, kind: Option<&'static str>, detail: String },
    /// Anything else: the frame writes it.
    Frame(AppError),
}

/// Why a request was refused, on its response, for the list of the provider's last requests.
#[derive(Clone)]
pub(crate) struct Reason(pub(crate) String);

impl ScimError {
    /// 400 with one of the standard's kinds.
    pub(crate) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::told(StatusCode::BAD_REQUEST, Some(kind), detail)
    }

    /// 409: somebody has it already.
    pub(crate) fn taken(detail: impl Into<String>) -> Self {
        Self::told(StatusCode::CONFLICT, Some("uniqueness"), detail)
    }

    /// 404.
    pub(crate) fn missing(what: &str) -> Self {
        Self::told(StatusCode::NOT_FOUND, None, format!("there is no such {what}"))
    }

    /// 412: it changed meanwhile.
    pub(crate) fn stale() -> Self {
        Self::told(StatusCode::PRECONDITION_FAILED, None, "it changed since it was read; read it again")
    }

    /// 501.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::told(StatusCode::NOT_IMPLEMENTED, None, format!("{what} is not supported"))
    }

    pub(crate) fn told(status: StatusCode, kind: Option<&'static str>, detail: impl Into<String>) -> Self {
        Self::Told { status, kind, detail: detail.into() }
    }
}

/// What Recoup refuses on its own account (the last owner, a name that is taken) is said in its words.
impl From<AppError> for ScimError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Conflict(text) => Self::told(StatusCode::CONFLICT, None, text),
            other => Self::Frame(other),
        }
    }
}

impl From<sqlx::Error> for ScimError {
    fn from(error: sqlx::Error) -> Self {
        Self::Frame(error.into())
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let (reason, mut response) = match self {
            Self::Frame(error) => (error.to_string(), error.into_response()),
            Self::Told { status, kind, detail } => {
                let mut body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                    "status": status.as_str(),
                    "detail": detail,
                });
                if let Some(kind) = kind {
                    body["scimType"] = kind.into();
                }
                let mut response = (status, body.to_string()).into_response();
                let json = HeaderValue::from_static("application/scim+json");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                (detail, response)
            }
        };
        response.extensions_mut().insert(Reason(reason));
        response
    }
}
