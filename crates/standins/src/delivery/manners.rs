//! How webhooks are delivered: how often twice, how far out of order, how late, how persistently.

use serde::{Deserialize, Serialize};

/// The settings; every field may be left out of the JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manners {
    /// Probability that an event is delivered a second time.
    pub duplicate: f64,
    /// Probability that an event is held back so that later ones overtake it.
    pub reorder: f64,
    /// How long at most it is held back, in milliseconds.
    pub reorder_ms: u64,
    /// Events that may share one body when they wait together.
    pub batch: usize,
    /// Whether echoes of what we send are delivered at all.
    pub echoes: bool,
    /// Milliseconds before an echo leaves.
    pub echo_delay_ms: u64,
    /// Whether delivery receipts and statuses are delivered at all.
    pub receipts: bool,
    /// Whether people read what we send, so that read receipts follow.
    pub reads: bool,
    /// Milliseconds before a receipt leaves.
    pub receipt_delay_ms: u64,
    /// How long the receiver may take to answer, in milliseconds.
    pub deadline_ms: u64,
    /// The first pause before a retry, in milliseconds; each following one is twice as long.
    pub retry_first_ms: u64,
    /// The longest pause.
    pub retry_longest_ms: u64,
    /// Attempts in all before an event is given up.
    pub attempts: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            duplicate: 0.0,
            reorder: 0.0,
            reorder_ms: 200,
            batch: 10,
            echoes: true,
            echo_delay_ms: 0,
            receipts: true,
            reads: true,
            receipt_delay_ms: 0,
            deadline_ms: 10_000,
            retry_first_ms: 100,
            retry_longest_ms: 2_000,
            attempts: 60,
        }
    }
}

impl Manners {
    /// The pause before attempt `attempt` (the second is the first retry).
    pub(super) fn pause_ms(&self, attempt: u32) -> u64 {
        let doublings = attempt.saturating_sub(2).min(20);
        self.retry_first_ms.saturating_mul(1 << doublings).min(self.retry_longest_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let manners = Manners { retry_first_ms: 10, retry_longest_ms: 50, ..Manners::default() };
        let pauses: Vec<u64> = (2..7).map(|attempt| manners.pause_ms(attempt)).collect();
        assert_eq!(pauses, [10, 20, 40, 50, 50]);
    }

    #[test]
    fn json_may_leave_fields_out_but_not_misspell_them() {
        let manners: Manners = serde_json::from_str(r#"{"duplicate":0.5}"#).unwrap();
        assert!(manners.echoes && (manners.duplicate - 0.5).abs() < f64::EPSILON);
        assert!(serde_json::from_str::<Manners>(r#"{"duplicated":0.5}"#).is_err());
    }
}
