//! Middleware: the whole edge of the webhooks in one layer.
//!
//! Platforms deliver by the thousand and read nothing but the status, so what the layers of people's routes do one after
//! another is done here at once: an id for the log and the answer, a panic is a 500, half a minute at most, and error bodies
//! where a handler left none.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;

use super::request_info::RequestInfo;
use super::{panics, render_errors, timeout};
use crate::App;

/// Runs a receiver.
pub(crate) async fn platforms(State(app): State<App>, request: Request, next: Next) -> Response {
    let info = RequestInfo::read(&request, &app.kernel().clock, app.settings().trust_proxy);
    // What goes wrong with a delivery names its own account: the span is for looking closely.
    let span = tracing::debug_span!("http.request", http.path = %info.path, request.id = %info.id);
    let served = AssertUnwindSafe(tokio::time::timeout(timeout::LIMIT, next.run(request))).catch_unwind();
    let mut response = match served.instrument(span).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => timeout::too_long().into_response(),
        Err(panic) => panics::catch(panic),
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        response = render_errors::for_program(&app, &info, response);
    }
    mark(response.headers_mut(), &info);
    response
}

fn mark(headers: &mut HeaderMap, info: &RequestInfo) {
    if let Ok(id) = HeaderValue::from_str(&info.id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}
