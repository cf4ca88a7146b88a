//! Calls of X's API: authorisation, and what an answer means.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::config::XConfig;
use kernel::http::{Http, Method, Request, Response, Url, header};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::oauth1::{self, Keys};
use crate::channel::{Credentials, Failure, RateScope, Refusal};
use crate::wire::{each, text};

/// The name of X's breaker and metrics.
pub const SERVICE: &str = "x";
/// Reading is repeated this often.
pub(crate) const READS: u32 = 2;

/// Calls X.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a> {
    pub http: &'a Http,
    pub config: &'a XConfig,
}

impl Api<'_> {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.base_url.trim_end_matches('/'))
    }

    /// A call for a user: signed where the user gave a token secret, with the token as bearer otherwise.
    pub(crate) fn as_user(&self, method: Method, path: &str, credentials: &Credentials) -> Result<Request, Failure> {
        let address = self.url(path);
        let token = credentials.access_token.reveal();
        let Some(secret) = &credentials.token_secret else {
            return Ok(self.http.request(SERVICE, method, address).bearer(token));
        };
        let unfit = |_| refused(Refusal::Invalid, "url", "the base URL of X is not a URL");
        let url = Url::parse(&address).map_err(unfit)?;
        let keys = Keys {
            consumer_key: &self.config.consumer_key,
            consumer_secret: self.config.consumer_secret.reveal(),
            token,
            token_secret: secret.reveal(),
        };
        let mut random = [0_u8; 16];
        SystemRandom::new().fill(&mut random).map_err(|_| refused(Refusal::Other, "random", "no randomness"))?;
        let signed =
            oauth1::header(keys, method.as_str(), &url, &hex::encode(random), self.http.clock().now().timestamp());
        Ok(self.http.request(SERVICE, method, address).header(header::AUTHORIZATION, signed))
    }

    /// A call of the application alone.
    pub(crate) fn as_app(&self, method: Method, path: &str) -> Request {
        self.http.request(SERVICE, method, self.url(path)).bearer(self.config.bearer_token.reveal())
    }

    /// A call without authorisation of its own.
    pub(crate) fn open(&self, method: Method, path: &str) -> Request {
        self.http.request(SERVICE, method, self.url(path))
    }

    /// The answer's JSON, or why there is none.
    pub(crate) async fn call(&self, request: Request) -> Result<Value, Failure> {
        let now = self.http.clock().now();
        match request.send().await {
            Ok(response) => read(&response, now),
            Err(error) => Err(Failure::lost(&error, now)),
        }
    }
}

fn refused(class: Refusal, code: &str, message: &str) -> Failure {
    Failure::Refused { class, code: code.to_owned(), message: message.to_owned() }
}

/// What an answer of X means.
fn read(response: &Response, now: DateTime<Utc>) -> Result<Value, Failure> {
    let status = response.status.as_u16();
    let body: Option<Value> = serde_json::from_slice(&response.body).ok();
    if response.status.is_success() {
        return match body {
            // A success may carry nothing but errors.
            Some(body) if body["data"].is_null() && each(&body["errors"]).next().is_some() => {
                Err(judge(status, &body["errors"][0], response, now))
            }
            Some(body) => Ok(body),
            None if response.body.is_empty() => Ok(Value::Null),
            None => {
                Err(Failure::Unknown { why: format!("{SERVICE}: status {status} without an answer that can be read") })
            }
        };
    }
    Err(judge(status, &body.unwrap_or_default(), response, now))
}

fn judge(status: u16, problem: &Value, response: &Response, now: DateTime<Utc>) -> Failure {
    let kind = problem["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or_default();
    let told = [&problem["detail"], &problem["error_description"], &problem["title"], &problem["errors"][0]["message"]];
    let message = told.into_iter().find_map(text).unwrap_or_else(|| format!("status {status}"));
    let code =
        text(&problem["error"]).unwrap_or_else(|| if kind.is_empty() { status.to_string() } else { kind.to_owned() });
    let no = |class| Failure::Refused { class, code: code.clone(), message: message.clone() };
    match (status, kind) {
        (_, "usage-capped") => Failure::RateLimited { retry_after: wait(response, now), scope: RateScope::App, code },
        (429, _) => Failure::RateLimited { retry_after: wait(response, now), scope: limited_scope(response), code },
        (401, _) => Failure::Reauthorise { code, message },
        (
            _,
            "not-authorized-for-resource" | "unsupported-authentication" | "client-not-enrolled" | "oauth1-permissions",
        ) => no(Refusal::NotPermitted),
        // Of a direct message this means: the contact's settings do not let us write.
        (403, _) if message.to_ascii_lowercase().contains("this user") => no(Refusal::RecipientUnavailable),
        (403, _) => no(Refusal::NotPermitted),
        (404, _) | (_, "resource-not-found" | "resource-unavailable" | "disallowed-resource") => {
            no(Refusal::RecipientUnavailable)
        }
        (503, _) => Failure::NotSent { why: message, retry_after: response.retry_after(now) },
        (500.., _) => Failure::Unknown { why: format!("{SERVICE}: status {status}: {message}") },
        (400 | 413 | 422, _) => no(Refusal::Invalid),
        _ => no(Refusal::Other),
    }
}

/// Until the window that is used up begins anew.
fn wait(response: &Response, now: DateTime<Utc>) -> Option<Duration> {
    let reset = |name: &str| -> Option<Duration> {
        let at = DateTime::from_timestamp(response.header(name)?.parse().ok()?, 0)?;
        (at - now).to_std().ok()
    };
    let used_up = |left: &str| response.header(left) == Some("0");
    let day = |who: &str| {
        used_up(&format!("x-{who}-limit-24hour-remaining"))
            .then(|| reset(&format!("x-{who}-limit-24hour-reset")))
            .flatten()
    };
    let own = response.retry_after(now);
    [own, day("app"), day("user"), reset("x-rate-limit-reset")].into_iter().flatten().max()
}

fn limited_scope(response: &Response) -> RateScope {
    if response.header("x-app-limit-24hour-remaining") == Some("0") { RateScope::App } else { RateScope::Channel }
}
