//! Answers: whole ([`Response`]) or piece by piece ([`Streaming`]). Any status is an answer, also 500.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};

use super::Service;
use super::error::{HttpError, Lost};

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer of the right status whose body is not what the API promises.
#[derive(Debug, thiserror::Error)]
#[error("status {status}: the body cannot be read: {source}")]
pub struct BadBody {
    pub status: u16,
    source: serde_json::Error,
}

impl Response {
    /// Reads the body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BadBody> {
        serde_json::from_slice(&self.body).map_err(|source| BadBody { status: self.status.as_u16(), source })
    }

    /// A header as text, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the other side asks us to wait, from `Retry-After` in seconds or as a date.
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        retry_after(&self.headers, now)
    }
}

pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(86_400.0 * 7.0)));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some((at.with_timezone(&Utc) - now).to_std().unwrap_or(Duration::ZERO))
}

/// An answer that comes in pieces, such as server-sent events.
#[derive(Debug)]
pub struct Streaming {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub(super) service: Service,
    pub(super) inner: reqwest::Response,
    /// The longest wait for the next piece.
    pub(super) idle: Duration,
    pub(super) limit: usize,
    pub(super) read: usize,
}

impl Streaming {
    /// The next piece, or `None` at the end. An error means that the stream broke off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        let status = self.status.as_u16();
        let next = timeout(self.idle, self.inner.chunk()).await;
        let piece = next.map_err(|_| lost(&self.service, status, Lost::Timeout))?;
        let piece = piece.map_err(|error| HttpError::from_body(&self.service, status, error))?;
        self.read += piece.as_ref().map_or(0, Bytes::len);
        if self.read > self.limit {
            return Err(lost(&self.service, status, Lost::BodyTooLarge { limit: self.limit }));
        }
        Ok(piece)
    }

    /// The rest of the answer, for when it turned out to be an error.
    pub async fn whole(mut self) -> Result<Response, HttpError> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Response { status: self.status, headers: self.headers, body: body.freeze() })
    }
}

/// Reads the body up to `limit` bytes and `deadline`.
pub(super) async fn read_whole(
    service: &Service,
    mut inner: reqwest::Response,
    limit: usize,
    deadline: Instant,
) -> Result<Response, HttpError> {
    let status = inner.status();
    let headers = std::mem::take(inner.headers_mut());
    let mut body = BytesMut::new();
    loop {
        let next = timeout_at(deadline, inner.chunk()).await;
        let piece = next.map_err(|_| lost(service, status.as_u16(), Lost::Timeout))?;
        match piece.map_err(|error| HttpError::from_body(service, status.as_u16(), error))? {
            None => return Ok(Response { status, headers, body: body.freeze() }),
            Some(piece) if body.len() + piece.len() > limit => {
                return Err(lost(service, status.as_u16(), Lost::BodyTooLarge { limit }));
            }
            Some(piece) => body.extend_from_slice(&piece),
        }
    }
}

fn lost(service: &Service, status: u16, why: Lost) -> HttpError {
    HttpError::Unknown { service: service.clone(), why, status: Some(status) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().expect("a header value"));
        retry_after(&headers, DateTime::from_timestamp(1_700_000_000, 0).expect("a valid instant"))
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        assert_eq!(with("7"), Some(Duration::from_secs(7)));
        assert_eq!(with("Tue, 14 Nov 2023 22:13:50 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(with("Tue, 14 Nov 2023 22:00:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn a_senseless_retry_after_is_ignored() {
        for value in ["-3", "soon", "", "NaN"] {
            assert_eq!(with(value), None, "{value:?}");
        }
    }
}
