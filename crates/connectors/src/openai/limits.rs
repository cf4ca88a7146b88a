//! How long to wait and how much is left, read from a provider's headers.
//!
//! The resets are durations (`20ms`, `1s`, `6m0s`), not timestamps; `retry-after` is seconds or an HTTP date, and
//! `retry-after-ms` is finer and wins.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The longest wait we take from a server; anything above is treated as this.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What the `x-ratelimit-*` headers of an answer said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests left in the present window.
    pub remaining_requests: Option<u64>,
    /// Tokens left in the present window.
    pub remaining_tokens: Option<u64>,
    /// Time until the request window is full again.
    pub reset_requests: Option<Duration>,
    /// Time until the token window is full again.
    pub reset_tokens: Option<Duration>,
}

impl RateLimits {
    /// Reads the limits through `header`, which answers with a header's value.
    pub fn read(header: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| header(name).and_then(|value| value.trim().parse().ok());
        let duration = |name: &str| header(name).and_then(|value| parse_duration(&value));
        Self {
            remaining_requests: number("x-ratelimit-remaining-requests"),
            remaining_tokens: number("x-ratelimit-remaining-tokens"),
            reset_requests: duration("x-ratelimit-reset-requests"),
            reset_tokens: duration("x-ratelimit-reset-tokens"),
        }
    }

    /// The time until the window that ran dry is open again, if one did.
    pub fn wait(&self) -> Option<Duration> {
        let dry = |left: Option<u64>, reset: Option<Duration>| if left == Some(0) { reset } else { None };
        dry(self.remaining_requests, self.reset_requests).max(dry(self.remaining_tokens, self.reset_tokens))
    }
}

/// How long a server asked us to wait, from its headers; `now` turns an HTTP date into a duration.
pub fn retry_after(header: impl Fn(&str) -> Option<String>, now: DateTime<Utc>) -> Option<Duration> {
    if let Some(ms) = header("retry-after-ms").and_then(|value| seconds(&value)) {
        return Some(ms / 1000);
    }
    if let Some(value) = header("retry-after") {
        if let Some(wait) = seconds(&value) {
            return Some(wait);
        }
        if let Ok(at) = DateTime::parse_from_rfc2822(value.trim()) {
            return Some((at.to_utc() - now).to_std().unwrap_or_default().min(LONGEST_WAIT));
        }
    }
    RateLimits::read(header).wait()
}

/// Parses a duration such as `20ms`, `1s`, `6m0s` or `1h2m3.5s`; nothing else is one.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += number
            * match &rest[..unit] {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    Duration::try_from_secs_f64(total).ok().map(|wait| wait.min(LONGEST_WAIT))
}

fn seconds(text: &str) -> Option<Duration> {
    let value: f64 = text.trim().parse().ok()?;
    if !(0.0..1e9).contains(&value) {
        return None;
    }
    Some(Duration::from_secs_f64(value).min(LONGEST_WAIT))
}
