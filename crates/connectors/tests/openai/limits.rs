use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors::openai::limits::{LONGEST_WAIT, RateLimits, parse_duration, retry_after};
use proptest::prelude::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("an instant")
}

fn wait(headers: &[(&str, &str)]) -> Option<Duration> {
    retry_after(|name| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()), now())
}

#[test]
fn durations_of_the_reset_headers() {
    let ms = Duration::from_millis;
    let cases = [("20ms", 20), ("1s", 1000), ("6m0s", 360_000), ("1h2m3.5s", 3_723_500), ("1d", 86_400_000), ("0s", 0)];
    for (text, millis) in cases {
        assert_eq!(parse_duration(text), Some(ms(millis)), "{text}");
    }
    for text in ["", "s", "5", "5 s", "-1s", "1x", "1.2.3s", "NaN"] {
        assert_eq!(parse_duration(text), None, "{text:?}");
    }
}

#[test]
fn the_finer_wait_wins_and_dates_are_read() {
    assert_eq!(wait(&[("retry-after-ms", "1500"), ("retry-after", "9")]), Some(Duration::from_millis(1500)));
    assert_eq!(wait(&[("retry-after", "2.5")]), Some(Duration::from_millis(2500)));
    assert_eq!(wait(&[("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT")]), Some(Duration::from_secs(30)));
    assert_eq!(wait(&[("retry-after", "Tue, 14 Nov 2023 22:00:00 GMT")]), Some(Duration::ZERO));
    assert_eq!(wait(&[("retry-after", "soon")]), None);
    assert_eq!(wait(&[("retry-after", "-1")]), None);
    assert_eq!(wait(&[]), None);
}

#[test]
fn without_retry_after_the_window_that_ran_dry_says_how_long() {
    let dry = [
        ("x-ratelimit-remaining-requests", "3"),
        ("x-ratelimit-reset-requests", "6m0s"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "1s"),
    ];
    assert_eq!(wait(&dry), Some(Duration::from_secs(1)));
    let limits = RateLimits::read(|name| dry.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()));
    assert_eq!((limits.remaining_requests, limits.reset_requests), (Some(3), Some(Duration::from_secs(360))));
}

proptest! {
    #[test]
    fn any_header_is_survived_and_no_wait_is_endless(text in ".{0,20}") {
        if let Some(parsed) = parse_duration(&text) {
            prop_assert!(parsed <= LONGEST_WAIT);
        }
        if let Some(parsed) = wait(&[("retry-after", &text)]) {
            prop_assert!(parsed <= LONGEST_WAIT);
        }
    }
}
