//! Middleware: no handler runs longer than half a minute. Streams are not cut: their response starts at once. A form with files may
//! take as long as its sender, as long as something of it comes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tokio::time::Instant;

use crate::AppError;

/// How long a handler may take to start its response.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Answers 503 when the handler takes too long; dropping it rolls its transaction back.
pub(crate) async fn time_limit(request: Request, next: Next) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return while_it_comes(request, next).await;
    }
    match tokio::time::timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => too_long().into_response(),
    }
}

/// The limit counts from the last piece of the body.
async fn while_it_comes(request: Request, next: Next) -> Response {
    let heard = Arc::new(Mutex::new(Instant::now()));
    let last = |heard: &Mutex<Instant>| *heard.lock().unwrap_or_else(PoisonError::into_inner);
    let (parts, body) = request.into_parts();
    let hears = Arc::clone(&heard);
    let pieces = body.into_data_stream().inspect(move |_| {
        *hears.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    });
    let mut running = std::pin::pin!(next.run(Request::from_parts(parts, Body::from_stream(pieces))));
    loop {
        tokio::select! {
            response = &mut running => return response,
            () = tokio::time::sleep_until(last(&heard) + LIMIT) => {
                if last(&heard) + LIMIT <= Instant::now() {
                    return too_long().into_response();
                }
            }
        }
    }
}

/// What whoever waited too long is told.
pub(super) fn too_long() -> AppError {
    AppError::unavailable("this took too long and was stopped; nothing was changed")
}
