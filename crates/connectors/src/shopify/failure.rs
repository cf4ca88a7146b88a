//! Shopify's errors: GraphQL answers 200 with `errors`; being throttled tells its cost.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::http::Response;
use serde_json::Value;

use crate::call::{self, Trouble};
use crate::source::SourceError;

/// What an answer means.
pub(super) fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    if !response.status.is_success() {
        let answer: Value = response.json().unwrap_or_default();
        return call::by_status(response, now, answer["errors"].as_str().unwrap_or_default());
    }
    let answer = call::json(response)?;
    let Some(error) = answer["errors"].as_array().and_then(|errors| errors.first()) else { return Ok(answer) };
    let code = error["extensions"]["code"].as_str().unwrap_or_default();
    let said = format!("{code}: {}", error["message"].as_str().unwrap_or_default());
    Err(match code {
        "THROTTLED" => SourceError::RateLimited { retry_after: Some(wait(&answer["extensions"]["cost"])) }.into(),
        "INTERNAL_SERVER_ERROR" | "TIMEOUT" => SourceError::Unavailable(said).into(),
        _ => SourceError::Refused(said).into(),
    })
}

/// Until as much is restored as the query costs.
fn wait(cost: &Value) -> Duration {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let status = &cost["throttleStatus"];
    let missing = number(&cost["requestedQueryCost"]) - number(&status["currentlyAvailable"]);
    let rate = number(&status["restoreRate"]);
    let seconds = if rate > 0.0 { (missing / rate).clamp(1.0, 60.0) } else { 2.0 };
    Duration::from_secs_f64(seconds.ceil())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_wait_is_what_the_cost_says() {
        let cost = |asked: f64, left: f64| json!({"requestedQueryCost": asked, "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": left, "restoreRate": 100.0}});
        assert_eq!(wait(&cost(900.0, 100.0)), Duration::from_secs(8));
        assert_eq!(wait(&cost(10.0, 9.0)), Duration::from_secs(1));
        assert_eq!(wait(&Value::Null), Duration::from_secs(2));
    }
}
