//! HubSpot's errors: a category, a message, a correlation id, and a list of what exactly is wrong.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

const CORRELATION: &str = "aeb5f871-7f07-4993-9211-075dc63e7cbf";

/// One error.
#[derive(Clone, Debug, PartialEq)]
pub struct HubError {
    /// The HTTP status.
    pub status: u16,
    /// The category.
    pub category: &'static str,
    /// The message.
    pub message: String,
    /// What exactly is wrong.
    pub errors: Vec<Value>,
    /// What it is about.
    pub context: Value,
    /// The rate policy that was hit.
    pub policy: Option<&'static str>,
}

impl HubError {
    fn new(status: u16, category: &'static str, message: &str) -> Self {
        Self { status, category, message: message.to_owned(), errors: Vec::new(), context: json!({}), policy: None }
    }

    /// The input is wrong.
    pub fn validation(message: &str) -> Self {
        Self::new(400, "VALIDATION_ERROR", message)
    }

    /// Property values that do not fit.
    pub fn properties(wrong: Vec<Value>) -> Self {
        let list = Value::Array(wrong.clone());
        let errors = wrong
            .into_iter()
            .map(|one| json!({ "message": one["message"], "code": one["error"], "context": { "propertyName": [one["name"]] } }))
            .collect();
        Self { errors, ..Self::validation(&format!("Property values were not valid: {list}")) }
    }

    /// No such object.
    pub fn missing(id: &str) -> Self {
        Self { context: json!({ "ids": [id] }), ..Self::new(404, "OBJECT_NOT_FOUND", "resource not found") }
    }

    /// A unique value is taken.
    pub fn duplicate(what: &str, existing: u64) -> Self {
        Self::new(409, "CONFLICT", &format!("{what} already exists. Existing ID: {existing}"))
    }

    /// The token is unknown.
    pub fn bad_token() -> Self {
        let message = "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview";
        Self::new(401, "INVALID_AUTHENTICATION", message)
    }

    /// The token has ended.
    pub fn expired(seconds: i64) -> Self {
        let message = format!("The OAuth token used to make this call expired {seconds} second(s) ago.");
        Self { context: json!({ "expire time": [] }), ..Self::new(401, "EXPIRED_AUTHENTICATION", &message) }
    }

    /// The token may not do that.
    pub fn scopes(needed: &str) -> Self {
        let message = "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.";
        let errors = vec![
            json!({ "message": "One or more of the following scopes are required.", "context": { "requiredGranularScopes": [needed] } }),
        ];
        Self { errors, ..Self::new(403, "MISSING_SCOPES", message) }
    }

    /// A limit was hit.
    pub fn limit(policy: &'static str) -> Self {
        let message = match policy {
            "DAILY" => "You have reached your daily limit.",
            "SECONDLY" => "You have reached your secondly limit.",
            _ => "You have reached your ten_secondly_rolling limit.",
        };
        Self { policy: Some(policy), ..Self::new(429, "RATE_LIMITS", message) }
    }

    /// The error as an item of a batch answer.
    pub(super) fn item(&self, trace: Option<&str>, id: Option<&str>) -> Value {
        let mut context = self.context.clone();
        if let Some(trace) = trace {
            context["objectWriteTraceId"] = json!([trace]);
        }
        if let Some(id) = id {
            context["ids"] = json!([id]);
        }
        json!({
            "status": "error", "category": self.category, "message": self.message, "context": context,
            "errors": self.errors, "links": {},
        })
    }
}

impl IntoResponse for HubError {
    fn into_response(self) -> Response {
        let mut body = json!({ "status": "error", "message": self.message, "correlationId": CORRELATION });
        if let Some(policy) = self.policy {
            body["errorType"] = json!("RATE_LIMIT");
            body["policyName"] = json!(policy);
            body["requestId"] = json!("9211-075dc63e7cbf");
        } else {
            body["category"] = json!(self.category);
        }
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        if self.context != json!({}) {
            body["context"] = self.context;
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(body)).into_response()
    }
}

/// How the fault plan's errors are worded.
pub(super) fn wording(status: u16, name: Option<&str>) -> Response {
    match name {
        Some("DAILY") => return HubError::limit("DAILY").into_response(),
        Some("TEN_SECONDLY_ROLLING") => return HubError::limit("TEN_SECONDLY_ROLLING").into_response(),
        Some("SECONDLY") => return HubError::limit("SECONDLY").into_response(),
        Some("EXPIRED_AUTHENTICATION") => return HubError::expired(60).into_response(),
        Some("MISSING_SCOPES") => return HubError::scopes("crm.objects.contacts.write").into_response(),
        _ => {}
    }
    match status {
        401 => HubError::bad_token().into_response(),
        429 => HubError::limit("TEN_SECONDLY_ROLLING").into_response(),
        502..=504 => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, [("content-type", "text/html")], "<html><body>Bad gateway</body></html>").into_response()
        }
        _ => HubError { status, ..HubError::new(status, "INTERNAL_ERROR", "internal error") }.into_response(),
    }
}
