//! Middleware: gives a request its id and its span, and logs one line when it ends.
//!
//! Logged: method, route (the pattern, not the address), status, duration, organisation id. Never the query, a name or a
//! token.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::RequestInfo;
use crate::App;
use crate::auth::identify::Identity;

/// Puts [`RequestInfo`] on the request and `X-Request-ID` on the response.
pub(crate) async fn context(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let info = RequestInfo::read(&request, &app.kernel().clock, app.settings().trust_proxy);
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "http.request",
        http.method = %request.method(),
        http.route = %route,
        request.id = %info.id,
        org.id = tracing::field::Empty,
    );
    let id = info.id.clone();
    request.extensions_mut().insert(info);
    async move {
        let started = Instant::now();
        let mut response = next.run(request).await;
        if let Some(Identity::Known(caller)) = response.extensions().get::<Identity>() {
            tracing::Span::current().record("org.id", tracing::field::display(caller.principal.org));
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("x-request-id", id);
        }
        let status = response.status().as_u16();
        let micros = started.elapsed().as_micros() as u64;
        tracing::debug!(http.status = status, http.duration_us = micros, "request served");
        response
    }
    .instrument(span)
    .await
}
