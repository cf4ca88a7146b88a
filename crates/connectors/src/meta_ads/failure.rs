//! The Graph's errors: the code decides, never the status, and headers tell how long to wait.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::http::Response;
use serde_json::Value;

use crate::call::{Trouble, by_status};
use crate::source::SourceError;
use crate::wire::each;

/// Gives the JSON of an answer, or what is wrong with it.
pub(super) fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    let answer: Value = response.json().unwrap_or_default();
    let error = &answer["error"];
    let Some(code) = error["code"].as_i64() else { return by_status(response, now, "") };
    let message = error["error_user_msg"].as_str().or_else(|| error["message"].as_str()).unwrap_or("no words");
    let said = format!("{message} (code {code})");
    Err(match code {
        102 | 190 | 450 | 452 | 2500 => Trouble::Token(said),
        4 | 17 | 32 | 613 | 80_000..=80_014 => {
            let retry_after = response.retry_after(now).or_else(|| regained(response));
            SourceError::RateLimited { retry_after }.into()
        }
        1 | 2 => SourceError::Unavailable(said).into(),
        _ if error["is_transient"] == true => SourceError::Unavailable(said).into(),
        _ => SourceError::Refused(said).into(),
    })
}

/// How long until the account may ask again, as a header tells it in minutes.
fn regained(response: &Response) -> Option<Duration> {
    let usage: Value = serde_json::from_str(response.header("x-business-use-case-usage")?).ok()?;
    let parts = usage.as_object()?.values().flat_map(each);
    let minutes = parts.filter_map(|part| part["estimated_time_to_regain_access"].as_u64()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes * 60))
}
