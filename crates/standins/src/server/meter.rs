//! Request limits over time, in the two ways the outside systems count.

use std::collections::{HashMap, VecDeque};

/// The answer of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whether this request is within the limit.
    pub allowed: bool,
    /// Requests left in the window.
    pub remaining: u64,
    /// When the window frees up, in milliseconds since 1970.
    pub reset_ms: i64,
}

/// Windows that start with the first request and then run their length.
#[derive(Debug, Default)]
pub struct FixedMeter {
    windows: HashMap<String, (i64, u64)>,
}

impl FixedMeter {
    /// Takes one request from the window of `key`.
    pub fn take(&mut self, key: &str, now_ms: i64, limit: u64, length_ms: i64) -> Reading {
        let (start, used) = self.windows.entry(key.to_owned()).or_insert((now_ms, 0));
        if now_ms - *start >= length_ms {
            (*start, *used) = (now_ms, 0);
        }
        let allowed = *used < limit;
        *used += u64::from(allowed);
        Reading { allowed, remaining: limit.saturating_sub(*used), reset_ms: *start + length_ms }
    }
}

/// Windows that roll: at any moment only the last stretch counts.
#[derive(Debug, Default)]
pub struct RollingMeter {
    hits: HashMap<String, VecDeque<i64>>,
}

impl RollingMeter {
    /// Takes one request from the window of `key`.
    pub fn take(&mut self, key: &str, now_ms: i64, limit: u64, length_ms: i64) -> Reading {
        let hits = self.hits.entry(key.to_owned()).or_default();
        while hits.front().is_some_and(|&hit| now_ms - hit >= length_ms) {
            hits.pop_front();
        }
        let allowed = (hits.len() as u64) < limit;
        if allowed {
            hits.push_back(now_ms);
        }
        let reset_ms = hits.front().map_or(now_ms, |&hit| hit + length_ms);
        Reading { allowed, remaining: limit.saturating_sub(hits.len() as u64), reset_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_window_resets_as_a_whole() {
        let mut meter = FixedMeter::default();
        let taken: Vec<bool> =
            [0, 900, 950, 999, 1000].iter().map(|&at| meter.take("k", at, 2, 1000).allowed).collect();
        assert_eq!(taken, [true, true, false, false, true]);
    }

    #[test]
    fn a_rolling_window_frees_one_at_a_time() {
        let mut meter = RollingMeter::default();
        let taken: Vec<bool> =
            [0, 900, 950, 1000, 1001].iter().map(|&at| meter.take("k", at, 2, 1000).allowed).collect();
        assert_eq!(taken, [true, true, false, true, false]);
        assert_eq!(meter.take("k", 1002, 2, 1000).reset_ms, 1900);
    }

    #[test]
    fn keys_are_counted_apart() {
        let mut meter = RollingMeter::default();
        assert!(meter.take("a", 0, 1, 1000).allowed);
        assert!(meter.take("b", 0, 1, 1000).allowed);
    }
}
