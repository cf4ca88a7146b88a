//! Mindbody's errors: `{"Error":{"Message","Code"}}`, or `{"Message"}` from further down.

use chrono::{DateTime, Utc};
use kernel::http::Response;
use serde_json::Value;

use crate::call::{self, Trouble};
use crate::source::SourceError;

/// What an answer means.
pub(super) fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    if response.status.is_success() {
        return Ok(call::json(response)?);
    }
    let answer: Value = response.json().unwrap_or_default();
    let error = &answer["Error"];
    let code = error["Code"].as_str().unwrap_or_default();
    let message = error["Message"].as_str().or_else(|| answer["Message"].as_str()).unwrap_or_default();
    let said = if code.is_empty() { message.to_owned() } else { format!("{code}: {message}") };
    match (response.status.as_u16(), code) {
        // The staff's token ended: another one is asked for.
        (401, "InvalidUserToken" | "DeniedAccess" | "") => Err(Trouble::Token(said)),
        // The key, or the site's consent to it.
        (401 | 403, _) => Err(SourceError::Reconnect(said).into()),
        _ => call::by_status(response, now, &said),
    }
}
