//! Calls of the Graph API: address, authorisation, and what an answer means.
//! The token travels in a header, never in the URL, where logs and errors would keep it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::config::MetaConfig;
use kernel::http::{Http, Method, Request, Response};
use serde_json::Value;

use super::errors::{self, Verdict};
use super::signature::appsecret_proof;
use crate::channel::{Failure, Product, Refusal};
use crate::wire::{id, text};

/// The name of Meta's breaker and metrics.
pub const SERVICE: &str = "meta";
/// Reading is repeated this often.
pub(crate) const READS: u32 = 3;

/// Calls Meta.
#[derive(Debug, Clone, Copy)]
pub struct Graph<'a> {
    pub http: &'a Http,
    pub config: &'a MetaConfig,
}

/// Whose errors an answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Messaging,
    Whatsapp,
}

impl Graph<'_> {
    /// A call with an account's token; `path` comes after the version.
    pub(crate) fn request(&self, method: Method, product: Product, path: &str, token: &str) -> Request {
        let host = match product {
            Product::Usual => &self.config.base_url,
            Product::InstagramLogin => self.config.instagram_url(),
        };
        let url = format!("{}/{}/{path}", host.trim_end_matches('/'), self.config.version);
        let request = self.http.request(SERVICE, method, url).bearer(token);
        // Instagram Login has an application secret of its own; a proof with the wrong one is refused.
        let secret = match product {
            Product::Usual => Some(&self.config.app_secret),
            Product::InstagramLogin => self.config.instagram_app_secret.as_ref(),
        };
        match secret.filter(|secret| !secret.is_empty()) {
            Some(secret) => request.query(&[("appsecret_proof", appsecret_proof(secret.reveal(), token))]),
            None => request,
        }
    }

    /// The answer's JSON, or why there is none.
    pub(crate) async fn call(&self, request: Request, dialect: Dialect) -> Result<Value, Failure> {
        let now = self.http.clock().now();
        match request.send().await {
            Ok(response) => read(&response, dialect, now),
            Err(error) => Err(Failure::lost(&error, now)),
        }
    }

    /// Every page of a list, up to a bound that no honest list reaches.
    pub(crate) async fn list(
        &self,
        path: &str,
        token: &str,
        query: &[(&str, &str)],
        dialect: Dialect,
    ) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..100 {
            let mut request = self.request(Method::GET, Product::Usual, path, token).query(query).safe_to_repeat(READS);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let mut page = self.call(request, dialect).await?;
            if let Value::Array(items) = page["data"].take() {
                all.extend(items);
            }
            after = text(&page["paging"]["cursors"]["after"]).filter(|_| page["paging"]["next"].is_string());
            if after.is_none() {
                break;
            }
        }
        Ok(all)
    }
}

/// What an answer of the Graph means.
pub(crate) fn read(response: &Response, dialect: Dialect, now: DateTime<Utc>) -> Result<Value, Failure> {
    let status = response.status;
    let body: Option<Value> = serde_json::from_slice(&response.body).ok();
    if let Some(error) = body.as_ref().map(|body| &body["error"]).filter(|error| error.is_object()) {
        return Err(judge(error, dialect, response, now));
    }
    let why = || format!("{SERVICE}: status {} without an answer that can be read", status.as_u16());
    match body {
        Some(body) if status.is_success() => Ok(body),
        // A gateway in front of the Graph may answer after the Graph has acted.
        _ if status.is_success() || status.is_server_error() => Err(Failure::Unknown { why: why() }),
        _ if status.as_u16() == 429 => Err(Failure::RateLimited {
            retry_after: response.retry_after(now),
            scope: crate::channel::RateScope::App,
            code: "429".to_owned(),
        }),
        _ => Err(Failure::Refused { class: Refusal::Other, code: status.as_u16().to_string(), message: why() }),
    }
}

fn judge(error: &Value, dialect: Dialect, response: &Response, now: DateTime<Utc>) -> Failure {
    let number = error["code"].as_i64().unwrap_or(-1);
    let subcode = error["error_subcode"].as_i64().filter(|subcode| *subcode != 0);
    let transient = error["is_transient"] == true;
    let verdict = match dialect {
        Dialect::Messaging => errors::messaging(number, subcode, transient),
        Dialect::Whatsapp => errors::whatsapp(number, transient),
    };
    let code = subcode.map_or_else(|| number.to_string(), |subcode| format!("{number}/{subcode}"));
    let told = text(&error["message"]).or_else(|| text(&error["error_user_msg"])).unwrap_or_default();
    let message = match text(&error["error_data"]["details"]) {
        Some(details) => format!("{told} {details}").trim().to_owned(),
        None => told,
    };
    match verdict {
        Verdict::Passing => {
            Failure::NotSent { why: format!("({code}) {message}"), retry_after: response.retry_after(now) }
        }
        Verdict::Refused(class) => Failure::Refused { class, code, message },
        Verdict::Reauthorise => Failure::Reauthorise { code, message },
        Verdict::Slower(scope) => {
            let retry_after = response.retry_after(now).or_else(|| regains_access(response));
            Failure::RateLimited { retry_after, scope, code }
        }
    }
}

/// When Meta estimates that the account may call again, from its usage header (in minutes).
fn regains_access(response: &Response) -> Option<Duration> {
    let usage: Value = serde_json::from_str(response.header("x-business-use-case-usage")?).ok()?;
    let entries = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = entries.filter_map(|entry| entry["estimated_time_to_regain_access"].as_u64()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.min(24 * 60) * 60))
}

/// A required id in an answer. The call succeeded, so without the id its effect is there but cannot be named.
pub(crate) fn required_id(value: &Value, what: &str) -> Result<String, Failure> {
    id(value).ok_or_else(|| Failure::Unknown { why: format!("{SERVICE}: the answer has no {what}") })
}
