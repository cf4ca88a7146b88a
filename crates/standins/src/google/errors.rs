//! Google's error envelope.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// One error.
#[derive(Clone, Debug, PartialEq)]
pub struct GoogleError {
    /// The HTTP status, also in the body.
    pub code: u16,
    /// The canonical word.
    pub status: &'static str,
    /// The message.
    pub message: String,
    /// More, such as the failure of an API.
    pub details: Vec<Value>,
}

impl GoogleError {
    /// An error without details.
    pub fn new(code: u16, status: &'static str, message: &str) -> Self {
        Self { code, status, message: message.to_owned(), details: Vec::new() }
    }

    /// The token does not do.
    pub fn unauthenticated(message: &str) -> Self {
        Self::new(401, "UNAUTHENTICATED", message)
    }

    /// The question is wrong.
    pub fn invalid(message: &str) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    /// No such thing.
    pub fn missing() -> Self {
        Self::new(404, "NOT_FOUND", "Requested entity was not found.")
    }

    /// A quota is used up.
    pub fn exhausted() -> Self {
        Self::new(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Requests'.")
    }

    /// With the failure that Ads adds.
    #[must_use]
    pub fn ads(mut self, version: &str, family: &str, code: &str) -> Self {
        self.details = vec![json!({
            "@type": format!("type.googleapis.com/google.ads.googleads.{version}.errors.GoogleAdsFailure"),
            "errors": [{ "errorCode": { family: code }, "message": self.message }],
            "requestId": "Zq0pXw3nD4",
        })];
        self
    }
}

impl IntoResponse for GoogleError {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message, "status": self.status });
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(json!({ "error": error }))).into_response()
    }
}

/// How the fault plan's errors are worded.
pub(super) fn wording(status: u16, name: Option<&str>) -> Response {
    match name {
        Some("RESOURCE_EXHAUSTED") => return GoogleError::exhausted().into_response(),
        Some("CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION") => {
            let error = GoogleError::new(403, "PERMISSION_DENIED", "The caller does not have permission");
            return error.ads("v25", "authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION").into_response();
        }
        Some("RESOURCE_TEMPORARILY_EXHAUSTED") => {
            let error = GoogleError::exhausted().ads("v25", "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED");
            return error.into_response();
        }
        // The older envelope, as Calendar has it: no canonical word, and a reason.
        Some(reason @ ("rateLimitExceeded" | "userRateLimitExceeded")) => {
            let message = "Rate Limit Exceeded";
            let errors = json!([{ "domain": "usageLimits", "reason": reason, "message": message }]);
            let error = json!({ "error": { "errors": errors, "code": 403, "message": message } });
            return (StatusCode::FORBIDDEN, Json(error)).into_response();
        }
        _ => {}
    }
    let error = match status {
        401 => GoogleError::unauthenticated("Request had invalid authentication credentials."),
        403 => GoogleError::new(403, "PERMISSION_DENIED", "The caller does not have permission"),
        404 => GoogleError::missing(),
        429 => GoogleError::exhausted(),
        503 => GoogleError::new(503, "UNAVAILABLE", "The service is currently unavailable."),
        500.. => GoogleError::new(status, "INTERNAL", "Internal error encountered."),
        _ => GoogleError::new(status, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    };
    error.into_response()
}
