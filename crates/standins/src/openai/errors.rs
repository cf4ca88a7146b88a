//! Errors in the endpoint's envelope: `message`, `type`, `param`, `code`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// One error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The type.
    pub kind: &'static str,
    /// The code, where there is one.
    pub code: Option<&'static str>,
    /// The parameter that is wrong.
    pub param: Option<String>,
    /// The message.
    pub message: String,
}

impl ApiError {
    fn new(status: u16, kind: &'static str, code: Option<&'static str>, message: &str) -> Self {
        Self { status, kind, code, param: None, message: message.to_owned() }
    }

    /// A parameter that is missing or wrong.
    pub fn invalid(param: &str, message: &str) -> Self {
        Self { param: Some(param.to_owned()), ..Self::new(400, "invalid_request_error", None, message) }
    }

    /// The prompt is too long.
    pub fn too_long(most: usize, given: usize) -> Self {
        let message = format!(
            "This model's maximum context length is {most} tokens. However, your messages resulted in {given} tokens. Please reduce the length of the messages."
        );
        Self {
            param: Some("messages".to_owned()),
            ..Self::new(400, "invalid_request_error", Some("context_length_exceeded"), &message)
        }
    }

    /// The key is missing or wrong.
    pub fn key(given: &str) -> Self {
        let shown: String = given.chars().take(7).collect();
        Self::new(
            401,
            "invalid_request_error",
            Some("invalid_api_key"),
            &format!("Incorrect API key provided: {shown}***."),
        )
    }

    /// No such model.
    pub fn no_model(model: &str) -> Self {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        Self::new(404, "invalid_request_error", Some("model_not_found"), &message)
    }

    /// Too many requests or tokens in this minute.
    pub fn rate(what: &'static str) -> Self {
        Self::new(
            429,
            what,
            Some("rate_limit_exceeded"),
            &format!("Rate limit reached on {what} per min. Please try again later."),
        )
    }

    /// The account has no money left: retrying does not help.
    pub fn quota() -> Self {
        let message = "You exceeded your current quota, please check your plan and billing details.";
        Self::new(429, "insufficient_quota", Some("insufficient_quota"), message)
    }

    /// The error as it appears in a body or inside a stream.
    pub(super) fn json(&self) -> Value {
        json!({ "error": { "message": self.message, "type": self.kind, "param": self.param, "code": self.code } })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(self.json())).into_response()
    }
}

/// How the fault plan's errors are worded.
pub(super) fn wording(status: u16, name: Option<&str>) -> Response {
    match name {
        Some("insufficient_quota") => return ApiError::quota().into_response(),
        Some("rate_limit_exceeded") => {
            let mut response = ApiError::rate("requests").into_response();
            let headers = response.headers_mut();
            headers.insert("retry-after-ms", 50.into());
            headers.insert("x-ratelimit-remaining-requests", 0.into());
            return response;
        }
        Some("context_length_exceeded") => return ApiError::too_long(128_000, 130_001).into_response(),
        Some("model_not_found") => return ApiError::no_model("gone").into_response(),
        _ => {}
    }
    match status {
        401 => ApiError::key("").into_response(),
        429 => ApiError::rate("requests").into_response(),
        503 => ApiError::new(503, "server_error", None, "The engine is currently overloaded, please try again later")
            .into_response(),
        _ => ApiError::new(
            status,
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!",
        )
        .into_response(),
    }
}
