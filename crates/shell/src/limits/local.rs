//! The buckets of this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::bucket::{self, Rate, Verdict};

/// Subjects remembered before those whose bucket is full again are forgotten.
const MOST: usize = 50_000;

#[derive(Default)]
pub(super) struct Local {
    full_at: Mutex<HashMap<String, i64>>,
}

impl Local {
    pub(super) fn take(&self, subject: &str, rate: Rate, now: i64) -> Verdict {
        // A panic while holding the lock leaves a map of numbers that is still valid.
        let mut map = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MOST {
            map.retain(|_, full_at| *full_at > now);
            // Nobody is at rest: who floods us with addresses does not fill the memory.
            if map.len() >= MOST {
                map.clear();
            }
        }
        let stored = map.get(subject).copied().unwrap_or(0);
        let (next, verdict) = bucket::take(stored, now, rate);
        if next != stored {
            map.insert(subject.to_owned(), next);
        }
        verdict
    }

    /// Whether the next request would be refused; takes nothing.
    pub(super) fn is_spent(&self, subject: &str, rate: Rate, now: i64) -> bool {
        let map = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(subject).is_some_and(|full_at| bucket::wait(*full_at, now, rate).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    #[test]
    fn subjects_do_not_share_a_bucket_and_full_ones_are_forgotten() {
        let (local, rate) = (Local::default(), Rate::a_minute(1));
        assert!(local.take("a", rate, 1).retry_after.is_none());
        assert!(local.take("a", rate, 2).retry_after.is_some());
        assert!(local.take("b", rate, 3).retry_after.is_none());
        for n in 2..MOST {
            local.take(&n.to_string(), rate, 4);
        }
        local.take("later", rate, 4 + 2 * MINUTE);
        assert_eq!(local.full_at.lock().expect("no panic").len(), 1);
    }

    #[test]
    fn a_look_takes_nothing() {
        let (local, rate) = (Local::default(), Rate::an_hour(2));
        assert!(!local.is_spent("a", rate, 1));
        assert!(local.take("a", rate, 1).retry_after.is_none());
        assert!(!local.is_spent("a", rate, 1) && !local.is_spent("a", rate, 1));
        assert!(local.take("a", rate, 1).retry_after.is_none());
        assert!(local.is_spent("a", rate, 1));
        assert!(!local.is_spent("a", rate, 1 + 30 * MINUTE), "it refills while one looks");
    }

    #[test]
    fn many_subjects_do_not_fill_the_memory() {
        let (local, rate) = (Local::default(), Rate::an_hour(10));
        for n in 0..MOST + 10 {
            assert!(local.take(&n.to_string(), rate, 0).retry_after.is_none());
        }
        assert!(local.full_at.lock().expect("no panic").len() <= MOST);
    }
}
