//! Lets forms on other people's sites call what is meant for them: any origin, and never with credentials.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::options;
use utoipa_axum::router::OpenApiRouter;

use crate::core::Core;

/// Opens the routes of a router to other origins. `paths` are those that are asked about first, because they take JSON.
pub(crate) fn open(router: OpenApiRouter<Core>, paths: &[&str]) -> OpenApiRouter<Core> {
    let router = paths.iter().fold(router, |router, path| router.route(path, options(may)));
    router.layer(from_fn(allow))
}

/// The answer to a browser that asks whether it may.
async fn may() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, idempotency-key")),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn allow(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let readable = HeaderValue::from_static("idempotent-replayed, retry-after");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, readable);
    response
}
