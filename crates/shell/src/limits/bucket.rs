//! The arithmetic of a bucket, pure: the local and the shared store keep the same one number.
//!
//! The number is the instant at which the bucket will be full again. A request moves it one step into the future and is
//! refused when that would be more than a whole window ahead.

use std::time::Duration;

use super::WINDOW;

/// How many requests a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) per_minute: u32,
}

impl Rate {
    /// Microseconds of the window that one request uses.
    pub(crate) fn step(self) -> i64 {
        window_micros() / i64::from(self.per_minute.max(1))
    }
}

pub(crate) fn window_micros() -> i64 {
    WINDOW.as_micros() as i64
}

/// Whether a request may pass, and what the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The limit a minute.
    pub(crate) limit: u32,
    /// How many more could be sent at once.
    pub(crate) remaining: u32,
    /// When the bucket is full again.
    pub(crate) reset: Duration,
    /// Set when the request is refused: when the next one may pass.
    pub(crate) retry_after: Option<Duration>,
}

/// Takes one request: the new value of the number, and the verdict.
pub(crate) fn take(full_at: i64, now: i64, rate: Rate) -> (i64, Verdict) {
    let next = full_at.max(now) + rate.step();
    if next - now > window_micros() {
        return (full_at, verdict(full_at, now, rate, Some(next - now - window_micros())));
    }
    (next, verdict(next, now, rate, None))
}

/// What the client is told when the bucket is full again at `full_at`.
pub(crate) fn verdict(full_at: i64, now: i64, rate: Rate, wait: Option<i64>) -> Verdict {
    let used = (full_at - now).max(0);
    Verdict {
        limit: rate.per_minute,
        remaining: u32::try_from((window_micros() - used) / rate.step()).unwrap_or(0).min(rate.per_minute),
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

    #[test]
    fn a_burst_of_the_whole_limit_passes_and_then_one_each_step() {
        let rate = Rate { per_minute: 100 };
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

    proptest! {
        #[test]
        fn never_more_than_twice_the_limit_in_any_minute(per_minute in 1u32..500, gaps in prop::collection::vec(0i64..2_000_000, 1..400)) {
            let rate = Rate { per_minute };
            let (mut full_at, mut now, mut passed) = (0, 1_000_000_000, Vec::new());
            for gap in gaps {
                now += gap;
                let (next, verdict) = take(full_at, now, rate);
                full_at = next;
                if verdict.retry_after.is_none() { passed.push(now); }
                prop_assert!(verdict.remaining <= per_minute);
            }
            for start in &passed {
                let within = passed.iter().filter(|at| (*start..*start + window_micros()).contains(at)).count();
                prop_assert!(within as u32 <= 2 * per_minute);
            }
        }
    }
}
