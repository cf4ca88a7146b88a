//! Salesforce's errors: a list of `{message, errorCode}`; the daily limit is a 403.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::http::Response;
use serde_json::Value;

use crate::call::{self, Trouble};
use crate::source::SourceError;

/// The daily limit rolls over 24 hours, so a little of it is free again after an hour.
const DAILY: Duration = Duration::from_secs(3600);
/// Too many long queries at once.
const CONCURRENT: Duration = Duration::from_secs(30);

/// What an answer means.
pub(super) fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    if response.status.is_success() {
        return Ok(call::json(response)?);
    }
    let answer: Value = response.json().unwrap_or_default();
    let code = answer[0]["errorCode"].as_str().unwrap_or_default();
    let message = answer[0]["message"].as_str().unwrap_or_default();
    let said = if code.is_empty() { String::new() } else { format!("{code}: {message}") };
    Err(match code {
        "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER" => Trouble::Token(said),
        "REQUEST_LIMIT_EXCEEDED" => {
            let wait = if message.contains("Concurrent") { CONCURRENT } else { DAILY };
            SourceError::RateLimited { retry_after: Some(response.retry_after(now).unwrap_or(wait)) }.into()
        }
        "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE" | "QUERY_TIMEOUT" => SourceError::Unavailable(said).into(),
        "INVALID_QUERY_LOCATOR" => SourceError::Refused(said).into(),
        "API_DISABLED_FOR_ORG" => SourceError::Refused(format!("{said}: this edition has no API")).into(),
        _ => return call::by_status(response, now, &said),
    })
}
