//! The buckets of this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::bucket::{self, Rate, Verdict};

/// Above this many subjects, those whose bucket is full again are forgotten.
const SWEEP_AT: usize = 10_000;

#[derive(Default)]
pub(super) struct Local {
    full_at: Mutex<HashMap<String, i64>>,
}

impl Local {
    pub(super) fn take(&self, subject: &str, rate: Rate, now: i64) -> Verdict {
        // A panic while holding the lock leaves a map of numbers that is still valid.
        let mut map = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() > SWEEP_AT {
            map.retain(|_, full_at| *full_at > now);
        }
        let stored = map.get(subject).copied().unwrap_or(0);
        let (next, verdict) = bucket::take(stored, now, rate);
        if next != stored {
            map.insert(subject.to_owned(), next);
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_do_not_share_a_bucket_and_full_ones_are_forgotten() {
        let (local, rate) = (Local::default(), Rate { per_minute: 1 });
        assert!(local.take("a", rate, 1).retry_after.is_none());
        assert!(local.take("a", rate, 2).retry_after.is_some());
        assert!(local.take("b", rate, 3).retry_after.is_none());
        for n in 0..=SWEEP_AT {
            local.take(&n.to_string(), rate, 4);
        }
        local.take("later", rate, 4 + 2 * bucket::window_micros());
        assert_eq!(local.full_at.lock().expect("no panic").len(), 1);
    }
}
