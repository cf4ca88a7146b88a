//! X's errors: problem documents with a type address, and the older list form for authentication.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::server::meter::Reading;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The last part of the type address.
    pub kind: &'static str,
    /// The title.
    pub title: &'static str,
    /// What is wrong in this case.
    pub detail: String,
    /// The limit that was hit, with its size.
    pub limit: Option<(u64, Reading)>,
}

impl Problem {
    fn new(status: u16, kind: &'static str, title: &'static str, detail: &str) -> Self {
        Self { status, kind, title, detail: detail.to_owned(), limit: None }
    }

    /// The request is malformed.
    pub fn invalid(detail: &str) -> Self {
        Self::new(400, "invalid-request", "Invalid Request", detail)
    }

    /// Nobody we know.
    pub fn unauthorized() -> Self {
        Self::new(401, "about:blank", "Unauthorized", "Unauthorized")
    }

    /// Known, but not allowed.
    pub fn forbidden(detail: &str) -> Self {
        Self::new(403, "client-forbidden", "Forbidden", detail)
    }

    /// The kind of sign-in does not fit the endpoint.
    pub fn wrong_auth(detail: &str) -> Self {
        Self::new(403, "unsupported-authentication", "Unsupported Authentication", detail)
    }

    /// No such thing.
    pub fn missing(detail: &str) -> Self {
        Self::new(404, "resource-not-found", "Not Found Error", detail)
    }

    /// Too many requests.
    pub fn too_many(limit: u64, reading: Reading) -> Self {
        Self {
            limit: Some((limit, reading)),
            ..Self::new(429, "rate-limit-exceeded", "Too Many Requests", "Too Many Requests")
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = if self.kind == "about:blank" {
            self.kind.to_owned()
        } else {
            format!("https://api.x.com/2/problems/{}", self.kind)
        };
        let body = json!({ "title": self.title, "detail": self.detail, "type": kind, "status": self.status });
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response =
            (status, [("content-type", "application/problem+json")], Json(body).into_response().into_body())
                .into_response();
        if let Some((limit, reading)) = self.limit {
            with_limit(&mut response, limit, reading);
        }
        response
    }
}

/// Puts the three limit headers on an answer.
pub(super) fn with_limit(response: &mut Response, limit: u64, reading: Reading) {
    let headers = response.headers_mut();
    headers.insert("x-rate-limit-limit", HeaderValue::from(limit));
    headers.insert("x-rate-limit-remaining", HeaderValue::from(reading.remaining));
    headers.insert("x-rate-limit-reset", HeaderValue::from((reading.reset_ms + 999) / 1000));
}

/// How the fault plan's errors are worded.
pub(super) fn wording(status: u16, name: Option<&str>) -> Response {
    match name {
        Some("dm-blocked") => return Problem::forbidden("You cannot send messages to this user.").into_response(),
        Some("usage-capped") => {
            return Problem::new(429, "usage-capped", "UsageCapExceeded", "Usage cap exceeded: Monthly product cap")
                .into_response();
        }
        Some("missing-scope") => {
            return Problem::forbidden("You are not permitted to perform this action: dm.write is missing.")
                .into_response();
        }
        _ => {}
    }
    match status {
        401 => Problem::unauthorized().into_response(),
        403 => Problem::forbidden("Forbidden").into_response(),
        429 => {
            let mut response =
                Problem::new(429, "rate-limit-exceeded", "Too Many Requests", "Too Many Requests").into_response();
            with_limit(&mut response, 15, Reading { allowed: false, remaining: 0, reset_ms: reset_in_a_minute() });
            response
        }
        _ => Problem {
            status,
            ..Problem::new(status, "internal-error", "Internal Server Error", "Something is broken.")
        }
        .into_response(),
    }
}

fn reset_in_a_minute() -> i64 {
    crate::server::clock::Clock::default().now_ms() + 60_000
}
