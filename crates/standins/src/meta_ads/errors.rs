//! The Graph's errors, as the Marketing API words them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// One error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    /// The HTTP status.
    pub status: u16,
    /// The code.
    pub code: i64,
    /// More exactly.
    pub subcode: Option<i64>,
    /// The message.
    pub message: String,
}

impl GraphError {
    /// An error without a subcode.
    pub fn new(status: u16, code: i64, message: &str) -> Self {
        Self { status, code, subcode: None, message: message.to_owned() }
    }

    /// The token does not do.
    pub fn token(message: &str, subcode: Option<i64>) -> Self {
        Self { subcode, ..Self::new(400, 190, message) }
    }

    /// The account asks too much.
    pub fn too_many() -> Self {
        let message = "There have been too many calls from this ad-account. Wait a bit and try again.";
        Self { subcode: Some(2_446_079), ..Self::new(400, 80_000, message) }
    }

    /// A parameter is wrong.
    pub fn parameter(message: &str) -> Self {
        Self::new(400, 100, &format!("(#100) {message}"))
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        let transient = matches!(self.code, 1 | 2 | 4 | 17 | 80_000);
        let kind = if self.code == 190 { "OAuthException" } else { "FacebookApiException" };
        let mut error = json!({
            "message": self.message, "type": kind, "code": self.code, "is_transient": transient, "fbtrace_id": "AkQ3xvN1",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if self.code == 80_000 {
            let usage = r#"{"880011":[{"type":"ads_insights","call_count":100,"total_cputime":80,"total_time":90,"estimated_time_to_regain_access":3}]}"#;
            response.headers_mut().insert("x-business-use-case-usage", axum::http::HeaderValue::from_static(usage));
        }
        response
    }
}

/// How the fault plan's errors are worded; a name is a code.
pub(super) fn wording(status: u16, name: Option<&str>) -> Response {
    let code = name.and_then(|name| name.parse().ok());
    let error = match (code, status) {
        (Some(190), _) | (None, 401) => {
            GraphError::token("Error validating access token: Session has expired", Some(463))
        }
        (Some(80_000), _) => GraphError::too_many(),
        (Some(code), status) => GraphError::new(status, code, "The request failed."),
        (None, 429) => GraphError::new(400, 17, "(#17) User request limit reached"),
        (None, 500..) => GraphError::new(status, 2, "Service temporarily unavailable"),
        (None, _) => GraphError::parameter("Invalid parameter"),
    };
    error.into_response()
}
