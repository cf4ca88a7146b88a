//! A call with a good key, its JSON body, and the limit headers its answer must carry.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use serde_json::Value;

use super::{ApiError, OpenAi};
use crate::server::{Quirk, locked};

const MINUTE_MS: i64 = 60_000;

/// A checked call.
pub(super) struct Call {
    pub key: String,
    pub body: Value,
    pub quirk: Option<String>,
}

impl FromRequest<Arc<OpenAi>> for Call {
    type Rejection = ApiError;

    async fn from_request(request: Request, openai: &Arc<OpenAi>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = header.strip_prefix("Bearer ").unwrap_or_default();
        if !openai.config.keys.iter().any(|known| known == key) {
            return Err(ApiError::key(key));
        }
        let bytes = to_bytes(body, usize::MAX).await.map_err(|_| ApiError::invalid("body", "unreadable body"))?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .map_err(|_| ApiError::invalid("body", "We could not parse the JSON body of your request."))?
        };
        let quirk = parts.extensions.get::<Quirk>().map(|quirk| quirk.0.clone());
        Ok(Self { key: key.to_owned(), body, quirk })
    }
}

/// The limits after one request.
pub(super) struct Spent {
    headers: Vec<(&'static str, String)>,
}

impl OpenAi {
    /// Takes one request and its tokens from the key's minute.
    pub(super) fn spend(&self, key: &str, tokens: usize) -> Result<Spent, ApiError> {
        let (now, limits) = (self.shared.clock.now_ms(), self.config.limits);
        let mut meter = locked(&self.meter);
        let requests = meter.take(&format!("requests/{key}"), now, limits.requests, MINUTE_MS);
        let mut left = meter.take(&format!("tokens/{key}"), now, limits.tokens, MINUTE_MS);
        for _ in 1..tokens.min(1 << 18) {
            left = meter.take(&format!("tokens/{key}"), now, limits.tokens, MINUTE_MS);
        }
        drop(meter);
        if !requests.allowed {
            return Err(ApiError::rate("requests"));
        }
        if !left.allowed {
            return Err(ApiError::rate("tokens"));
        }
        Ok(Spent {
            headers: vec![
                ("x-ratelimit-limit-requests", limits.requests.to_string()),
                ("x-ratelimit-limit-tokens", limits.tokens.to_string()),
                ("x-ratelimit-remaining-requests", requests.remaining.to_string()),
                ("x-ratelimit-remaining-tokens", left.remaining.to_string()),
                ("x-ratelimit-reset-requests", duration(requests.reset_ms - now)),
                ("x-ratelimit-reset-tokens", duration(left.reset_ms - now)),
                ("x-request-id", format!("req_{}", self.shared.dice.hex(32))),
                ("openai-processing-ms", "12".to_owned()),
            ],
        })
    }
}

impl Spent {
    /// Puts the limit headers on an answer.
    pub(super) fn on(self, mut response: Response) -> Response {
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// A duration as the headers write it: `20ms`, `1.5s`, `6m0s`.
fn duration(ms: i64) -> String {
    match ms {
        ..1000 => format!("{}ms", ms.max(0)),
        1000..60_000 => format!("{}s", ms as f64 / 1000.0),
        _ => format!("{}m{}s", ms / 60_000, ms % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_in_three_ways() {
        assert_eq!([20, 1500, 360_000].map(duration), ["20ms", "1.5s", "6m0s"]);
    }
}
