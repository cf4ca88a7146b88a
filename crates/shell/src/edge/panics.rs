//! Middleware: a panic in a handler is a 500 and a log line, not a dropped connection.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::AppError;

/// Turns the payload of a panic into our error; for `tower_http`'s `CatchPanicLayer::custom`.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub(crate) fn catch(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    AppError::internal(anyhow::anyhow!("handler panicked: {text}")).into_response()
}
