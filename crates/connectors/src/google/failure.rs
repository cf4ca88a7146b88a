//! Google's error envelope, and what Ads puts into it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::http::Response;
use serde_json::Value;

use crate::call::{Trouble, by_status};
use crate::source::SourceError;
use crate::wire::each;

/// Gives the JSON of an answer, or what is wrong with it.
pub fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    let answer: Value = response.json().unwrap_or_default();
    // A stream is a list, and so may its error be.
    let error = each(&answer).map(|part| &part["error"]).find(|error| error.is_object()).unwrap_or(&answer["error"]);
    if !error.is_object() {
        return match (response.status.as_u16(), by_status(response, now, "")) {
            (404, Err(Trouble::Error(SourceError::Refused(said)))) => {
                let said = format!("{said}: there is no such address, or this version is no longer served");
                Err(SourceError::Refused(said).into())
            }
            (_, other) => other,
        };
    }
    let message = error["message"].as_str().unwrap_or("no words");
    let (word, said) = match ads_code(error) {
        Some((family, code)) if family == "quotaError" => ("RESOURCE_EXHAUSTED", format!("{code}: {message}")),
        Some((_, code)) => (error["status"].as_str().unwrap_or_default(), format!("{code}: {message}")),
        None => (error["status"].as_str().unwrap_or_default(), message.to_owned()),
    };
    Err(match word {
        "UNAUTHENTICATED" => Trouble::Token(said),
        "RESOURCE_EXHAUSTED" => {
            SourceError::RateLimited { retry_after: response.retry_after(now).or_else(|| asked_wait(error)) }.into()
        }
        "UNAVAILABLE" | "INTERNAL" | "DEADLINE_EXCEEDED" | "ABORTED" | "UNKNOWN" => {
            SourceError::Unavailable(said).into()
        }
        "" => match by_status(response, now, &said) {
            Err(trouble) => trouble,
            Ok(_) => SourceError::Malformed(format!("an error with a good status: {said}")).into(),
        },
        _ => SourceError::Refused(said).into(),
    })
}

/// The family and code of the first failure that Ads tells.
fn ads_code(error: &Value) -> Option<(String, String)> {
    let failure = each(&error["details"]).flat_map(|detail| each(&detail["errors"])).next()?;
    let (family, code) = failure["errorCode"].as_object()?.iter().next()?;
    Some((family.clone(), code.as_str()?.to_owned()))
}

/// How long to wait, from the detail `RetryInfo`.
fn asked_wait(error: &Value) -> Option<Duration> {
    let delay = each(&error["details"]).find_map(|detail| detail["retryDelay"].as_str())?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
