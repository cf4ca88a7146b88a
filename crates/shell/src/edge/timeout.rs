//! Middleware: no handler runs longer than half a minute. Streams are not cut: their response starts at once.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::AppError;

/// How long a handler may take to start its response.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Answers 503 when the handler takes too long; dropping it rolls its transaction back.
pub(crate) async fn time_limit(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => too_long().into_response(),
    }
}

/// What whoever waited too long is told.
pub(super) fn too_long() -> AppError {
    AppError::unavailable("this took too long and was stopped; nothing was changed")
}
