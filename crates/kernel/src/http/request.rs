//! One call: built, let through by the breaker, sent, and repeated when the caller said that this is safe.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, StatusCode, multipart};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::breaker::Permit;
use super::error::{HttpError, Lost, NotSent};
use super::response::{Response, Streaming, read_whole};
use super::{Exchange, Http, Service};

/// A request being built. Nothing happens before [`Request::send`] or [`Request::stream`].
#[must_use]
#[derive(Debug)]
pub struct Request {
    http: Http,
    service: Service,
    builder: RequestBuilder,
    with_breaker: bool,
    total: Duration,
    max_body: usize,
    /// How often it may be sent in all.
    attempts: u32,
}

impl Request {
    pub(super) fn new(http: Http, service: Service, builder: RequestBuilder, with_breaker: bool) -> Self {
        let (total, max_body) = (http.inner.config.timeouts.total, http.inner.config.max_body);
        Self { http, service, builder, with_breaker, total, max_body, attempts: 1 }
    }

    fn map(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// Sets a header.
    pub fn header(self, name: impl Into<HeaderName>, value: impl AsRef<str>) -> Self {
        let name = name.into();
        self.map(|builder| builder.header(name, value.as_ref()))
    }

    /// `Authorization: Bearer …`, marked as sensitive.
    pub fn bearer(self, token: &str) -> Self {
        self.map(|builder| builder.bearer_auth(token))
    }

    /// `Authorization: Basic …`, marked as sensitive.
    pub fn basic(self, user: &str, password: &str) -> Self {
        self.map(|builder| builder.basic_auth(user, Some(password)))
    }

    /// Adds query parameters.
    pub fn query<T: Serialize + ?Sized>(self, pairs: &T) -> Self {
        self.map(|builder| builder.query(pairs))
    }

    /// Sends `value` as JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.map(|builder| builder.json(value))
    }

    /// Sends `pairs` as a form.
    pub fn form<T: Serialize + ?Sized>(self, pairs: &T) -> Self {
        self.map(|builder| builder.form(pairs))
    }

    /// Sends bytes as they are.
    pub fn body(self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = reqwest::Body::from(body.into());
        self.map(|builder| builder.header(CONTENT_TYPE, HeaderValue::from_static(content_type)).body(body))
    }

    /// Sends a multipart form; such a request is never repeated.
    pub fn multipart(self, form: multipart::Form) -> Self {
        self.map(|builder| builder.multipart(form))
    }

    /// The longest the whole exchange may take; for a stream, the longest wait for its head and for each piece.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// The longest answer accepted, in bytes.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Says that sending the request again does no harm: it may be sent up to `attempts` times in all.
    pub fn safe_to_repeat(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sends the request and reads the whole answer, whatever its status.
    pub async fn send(self) -> Result<Response, HttpError> {
        let (plan, request) = self.plan()?;
        let mut spare = Some(request);
        let mut attempt = 1;
        let mut unknown = None;
        loop {
            let request = spare.take().unwrap_or_else(|| unreachable!("the loop goes on only with a spare"));
            spare = if attempt < plan.attempts { request.try_clone() } else { None };
            let result = plan.exchange(request, attempt).await;
            match plan.wait_before_next(&result, attempt) {
                Some(wait) if spare.is_some() => tokio::time::sleep(wait).await,
                _ => return settled(result, unknown),
            }
            unknown = unknown.or(result.err().filter(HttpError::may_have_happened));
            attempt += 1;
        }
    }

    /// Sends the request once and hands out the answer as it comes.
    pub async fn stream(self) -> Result<Streaming, HttpError> {
        let (plan, request) = self.plan()?;
        let watch = plan.enter(request.method().clone(), 1)?;
        let head = plan.head(request, plan.deadline()).await;
        watch.ended(head.as_ref().map(reqwest::Response::status));
        let mut inner = head?;
        let headers = std::mem::take(inner.headers_mut());
        let Plan { service, max_body: limit, total: idle, .. } = plan;
        Ok(Streaming { status: inner.status(), headers, service, inner, idle, limit, read: 0 })
    }

    fn plan(self) -> Result<(Plan, reqwest::Request), HttpError> {
        let Self { http, service, builder, with_breaker, total, max_body, attempts } = self;
        let (client, request) = builder.build_split();
        let request = request.map_err(|error| HttpError::from_head(&service, error))?;
        Ok((Plan { http, client, service, with_breaker, total, max_body, attempts }, request))
    }
}

/// That the last attempt was not sent does not undo an earlier one whose outcome is unknown.
fn settled(last: Result<Response, HttpError>, unknown: Option<HttpError>) -> Result<Response, HttpError> {
    match (last, unknown) {
        (Err(HttpError::NotSent { .. }), Some(earlier)) => Err(earlier),
        (last, _) => last,
    }
}

/// What is fixed for all attempts of one request.
struct Plan {
    http: Http,
    client: reqwest::Client,
    service: Service,
    with_breaker: bool,
    total: Duration,
    max_body: usize,
    attempts: u32,
}

impl Plan {
    async fn exchange(&self, request: reqwest::Request, attempt: u32) -> Result<Response, HttpError> {
        let watch = self.enter(request.method().clone(), attempt)?;
        let deadline = self.deadline();
        let result = match self.head(request, deadline).await {
            Ok(inner) => read_whole(&self.service, inner, self.max_body, deadline).await,
            Err(error) => Err(error),
        };
        watch.ended(result.as_ref().map(|response| response.status));
        result
    }

    async fn head(&self, request: reqwest::Request, deadline: Instant) -> Result<reqwest::Response, HttpError> {
        match timeout_at(deadline, self.client.execute(request)).await {
            Ok(result) => result.map_err(|error| HttpError::from_head(&self.service, error)),
            Err(_) => Err(HttpError::Unknown { service: self.service.clone(), why: Lost::Timeout, status: None }),
        }
    }

    /// For the runtime's timer, which our clock does not drive.
    fn deadline(&self) -> Instant {
        Instant::now() + self.total
    }

    fn enter(&self, method: Method, attempt: u32) -> Result<Watch<'_>, HttpError> {
        let permit = match self.with_breaker.then(|| self.http.inner.breakers.enter(&self.service)).transpose() {
            Ok(permit) => permit,
            Err(retry_at) => {
                let error =
                    HttpError::NotSent { service: self.service.clone(), why: NotSent::BreakerOpen { retry_at } };
                Watch { plan: self, permit: None, method, attempt, started: self.http.inner.clock.now() }
                    .ended(Err(&error));
                return Err(error);
            }
        };
        Ok(Watch { plan: self, permit, method, attempt, started: self.http.inner.clock.now() })
    }

    /// How long to wait before the next attempt, or `None` when this result stands.
    fn wait_before_next(&self, result: &Result<Response, HttpError>, attempt: u32) -> Option<Duration> {
        let retry = self.http.inner.config.retry;
        let asked = match result {
            Ok(response) if passing(response.status) => response.retry_after(self.http.inner.clock.now()),
            Err(error) if error.is_passing() => None,
            _ => return None,
        };
        let own = retry.base.saturating_mul(1 << attempt.min(10)).mul_f64(self.http.spread()) / 2;
        let wait = asked.unwrap_or(own.min(retry.longest_wait));
        (wait <= retry.longest_wait).then_some(wait)
    }
}

/// Statuses after which the same request may fare better.
fn passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// An attempt under way; tells the breaker and the observer how it ended.
struct Watch<'a> {
    plan: &'a Plan,
    permit: Option<Permit>,
    method: Method,
    attempt: u32,
    started: chrono::DateTime<chrono::Utc>,
}

impl Watch<'_> {
    fn ended(self, result: Result<StatusCode, &HttpError>) {
        let http = &self.plan.http;
        if let Some(permit) = self.permit {
            match result {
                Ok(status) if status.is_server_error() => permit.failed("server_error"),
                Err(error) if error.counts_against_service() => permit.failed(error.word()),
                _ => permit.succeeded(),
            }
        }
        http.observe(&Exchange {
            service: &self.plan.service,
            method: &self.method,
            status: result.ok().map(|status| status.as_u16()),
            failure: result.err().map(HttpError::word),
            elapsed: (http.inner.clock.now() - self.started).to_std().unwrap_or_default(),
            attempt: self.attempt,
        });
    }
}
