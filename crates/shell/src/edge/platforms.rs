//! Middleware: the whole edge of the webhooks in one layer.
//!
//! Platforms deliver by the thousand and read nothing but the status, so what the layers of people's routes do one after
//! another is done here at once: an id for the log and the answer, the limit of bodies, a panic is a 500, half a minute at most,
//! and error bodies where a handler left none. What only an error needs is made when there is one.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tower::{Layer, Service};
use tracing::Instrument;

use super::request_info::{RequestInfo, request_id};
use super::{panics, render_errors, timeout};
use crate::App;

/// Puts the edge around a receiver.
#[derive(Clone)]
pub(crate) struct Platforms {
    app: App,
    body_limit: usize,
}

impl Platforms {
    pub(crate) fn new(app: &App, body_limit: usize) -> Self {
        Self { app: app.clone(), body_limit }
    }
}

impl<S> Layer<S> for Platforms {
    type Service = Receiver<S>;

    fn layer(&self, inner: S) -> Receiver<S> {
        Receiver { edge: self.clone(), inner }
    }
}

/// A receiver with its edge.
#[derive(Clone)]
pub(crate) struct Receiver<S> {
    edge: Platforms,
    inner: S,
}

impl<S> Service<Request> for Receiver<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let app = self.edge.app.clone();
        let id = request_id(request.headers(), &app.kernel().clock);
        let uri = request.uri().clone();
        DefaultBodyLimit::max(self.edge.body_limit).apply(&mut request);
        // What goes wrong with a delivery names its own account: the span is for looking closely.
        let span =
            tracing::debug_span!("http.request", http.path = uri.path(), request.id = id.to_str().unwrap_or_default());
        let running = self.inner.call(request);
        Box::pin(async move {
            let served = AssertUnwindSafe(tokio::time::timeout(timeout::LIMIT, running)).catch_unwind();
            let mut response = match served.instrument(span).await {
                Ok(Ok(Ok(response))) => response,
                Ok(Ok(Err(never))) => match never {},
                Ok(Err(_)) => timeout::too_long().into_response(),
                Err(panic) => panics::catch(panic),
            };
            if response.status().is_client_error() || response.status().is_server_error() {
                let info = RequestInfo::of_program(id.to_str().unwrap_or_default(), uri.path());
                response = render_errors::for_program(&app, &info, response);
            }
            mark(response.headers_mut(), id);
            Ok(response)
        })
    }
}

fn mark(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert("x-request-id", id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}
