//! Errors as identity providers read them (RFC 7644, 3.12): the status is a text, and the kind has words of its own.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::AppError;

/// An error of the frame (nobody, no scope, too many, no such address, our fault) under `/scim/`.
pub(super) fn error(error: &AppError, request_id: &str) -> Response {
    let status = error.status();
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.as_str(),
        "detail": detail(error, request_id),
    });
    if let Some(kind) = kind(status) {
        body["scimType"] = kind.into();
    }
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"SCIM\""));
    }
    response
}

fn detail(error: &AppError, request_id: &str) -> String {
    let mut text = error.to_string();
    for detail in error.details() {
        text.push_str(&format!("; {} {}", detail.field, detail.reason));
    }
    if error.status().is_server_error() {
        text.push_str(&format!(" (request {request_id})"));
    }
    text
}

fn kind(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::BAD_REQUEST => Some("invalidSyntax"),
        StatusCode::CONFLICT => Some("uniqueness"),
        StatusCode::UNPROCESSABLE_ENTITY => Some("invalidValue"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::Value;

    use super::*;

    async fn read(refused: &AppError) -> (Response<()>, Value) {
        let (parts, body) = error(refused, "req_1").into_parts();
        let bytes = to_bytes(body, 4_096).await.expect("a body");
        (Response::from_parts(parts, ()), serde_json::from_slice(&bytes).expect("JSON"))
    }

    #[tokio::test]
    async fn the_status_is_a_text_and_the_cause_stays_inside() {
        let (response, body) = read(&AppError::internal(anyhow::anyhow!("the secret cause"))).await;
        assert_eq!((response.status().as_u16(), body["status"].as_str()), (500, Some("500")));
        assert_eq!(body["detail"], "something went wrong on our side (request req_1)");
        assert!(body.get("scimType").is_none());
        let (response, body) = read(&AppError::unauthenticated("who are you?")).await;
        assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"SCIM\"");
        assert_eq!(response.headers()["content-type"], "application/scim+json");
        assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
        let (_, body) = read(&AppError::field("name", "is required")).await;
        assert_eq!(body["detail"], "some fields are not valid; name is required");
        assert_eq!(body["scimType"], "invalidValue");
    }
}
