//! The arithmetic of a bucket, pure: the local and the shared store keep the same one number.
//!
//! The number is the instant at which the bucket will be full again. A request moves it one step into the future and is
//! refused when that would be more than a whole window ahead.

use std::time::Duration;

/// How many of something within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    limit: u32,
    window: Duration,
}

impl Rate {
    /// So many a minute.
    pub const fn a_minute(limit: u32) -> Self {
        Self { limit, window: Duration::from_secs(60) }
    }

    /// So many an hour.
    pub const fn an_hour(limit: u32) -> Self {
        Self { limit, window: Duration::from_secs(60 * 60) }
    }

    /// One within a time.
    pub(super) const fn one_in(window: Duration) -> Self {
        Self { limit: 1, window }
    }

    /// Microseconds of the window that one request uses.
    pub(super) fn step(self) -> i64 {
        (self.window() / i64::from(self.limit.max(1))).max(1)
    }

    /// The window in microseconds.
    pub(super) fn window(self) -> i64 {
        self.window.as_micros() as i64
    }
}

/// Whether a request may pass, and what the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The limit within the window.
    pub(crate) limit: u32,
    /// How many more could be sent at once.
    pub(crate) remaining: u32,
    /// When the bucket is full again.
    pub(crate) reset: Duration,
    /// Set when the request is refused: when the next one may pass.
    pub(crate) retry_after: Option<Duration>,
}

/// Takes one request: the new value of the number, and the verdict.
pub(super) fn take(full_at: i64, now: i64, rate: Rate) -> (i64, Verdict) {
    if let Some(wait) = wait(full_at, now, rate) {
        return (full_at, verdict(full_at, now, rate, Some(wait)));
    }
    let next = full_at.max(now) + rate.step();
    (next, verdict(next, now, rate, None))
}

/// Microseconds until the next request may pass; none where it may now. Takes nothing.
pub(super) fn wait(full_at: i64, now: i64, rate: Rate) -> Option<i64> {
    let over = full_at.max(now) + rate.step() - now - rate.window();
    (over > 0).then_some(over)
}

/// What the client is told when the bucket is full again at `full_at`.
pub(super) fn verdict(full_at: i64, now: i64, rate: Rate, wait: Option<i64>) -> Verdict {
    let used = (full_at - now).max(0);
    Verdict {
        limit: rate.limit,
        remaining: u32::try_from((rate.window() - used) / rate.step()).unwrap_or(0).min(rate.limit),
        reset: micros(used),
        retry_after: wait.map(micros),
    }
}

fn micros(value: i64) -> Duration {
    Duration::from_micros(u64::try_from(value).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn a_burst_of_the_whole_limit_passes_and_then_one_each_step() {
        let rate = Rate::a_minute(100);
        let (mut full_at, mut passed) = (0, 0);
        for _ in 0..150 {
            let (next, verdict) = take(full_at, 1_000_000, rate);
            passed += u32::from(verdict.retry_after.is_none());
            full_at = next;
        }
        assert_eq!(passed, 100);
        let refused = take(full_at, 1_000_000, rate).1;
        assert_eq!((refused.remaining, refused.retry_after), (0, Some(Duration::from_millis(600))));
        assert!(take(full_at, 1_600_000, rate).1.retry_after.is_none(), "one step later one passes");
    }

    #[test]
    fn a_bucket_of_an_hour_is_empty_after_its_rate_and_refills_evenly() {
        let rate = Rate::an_hour(4);
        let mut full_at = 0;
        let mut take = |now| {
            let (next, verdict) = take(full_at, now, rate);
            full_at = next;
            verdict.retry_after
        };
        for _ in 0..4 {
            assert_eq!(take(0), None);
        }
        assert_eq!(take(0), Some(Duration::from_secs(900)));
        assert_eq!(take(HOUR / 8), Some(Duration::from_secs(450)));
        assert_eq!(take(HOUR / 4), None);
        assert!(take(HOUR / 4).is_some());
    }

    #[test]
    fn what_comes_once_comes_once_until_its_time_is_over() {
        let rate = Rate::one_in(Duration::from_secs(60));
        let (full_at, first) = take(0, 1_000_000, rate);
        assert_eq!(first.retry_after, None);
        assert_eq!(wait(full_at, 1_000_000, rate), Some(60_000_000));
        assert_eq!(wait(full_at, 60_999_999, rate), Some(1));
        assert_eq!(wait(full_at, 61_000_000, rate), None);
    }

    #[test]
    fn a_limit_beyond_what_can_be_counted_refuses_nobody() {
        let rate = Rate::a_minute(u32::MAX);
        assert_eq!(take(0, 1_000_000, rate).1.retry_after, None);
    }

    proptest! {
        /// Whoever comes however often gets at most the rate at once and the rate of a window after.
        #[test]
        fn no_window_has_more_than_twice_its_limit(
            limit in 1u32..500, hourly in any::<bool>(), gaps in prop::collection::vec(0.0..0.1_f64, 1..400)
        ) {
            let rate = if hourly { Rate::an_hour(limit) } else { Rate::a_minute(limit) };
            let (mut full_at, mut now, mut passed) = (0, 1_000_000_000, Vec::new());
            for gap in gaps {
                now += (rate.window() as f64 * gap / f64::from(limit).sqrt()) as i64;
                let spent = wait(full_at, now, rate).is_some();
                let (next, verdict) = take(full_at, now, rate);
                full_at = next;
                prop_assert_eq!(spent, verdict.retry_after.is_some(), "a look says what taking would");
                if verdict.retry_after.is_none() { passed.push(now); }
                prop_assert!(verdict.remaining <= limit);
            }
            for start in &passed {
                let within = passed.iter().filter(|at| (*start..*start + rate.window()).contains(at)).count();
                prop_assert!(within as u32 <= 2 * limit);
            }
        }
    }
}
