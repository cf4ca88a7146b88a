//! How soon somebody must act.

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// `Critical` is safety, security, a legal deadline or a business standing still; `Low` needs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    Low,
    Medium,
    High,
    Critical,
}

impl Reading<'_> {
    /// The urgency and its calibrated probability.
    pub fn urgency(&self) -> (Urgency, f32) {
        let Some(verdict) = self.verdict("urgency") else { return (Urgency::Medium, 0.0) };
        let (class, p) = verdict.decide(|_| true);
        let urgency = match verdict.classes()[class].as_str() {
            "low" => Urgency::Low,
            "high" => Urgency::High,
            "critical" => Urgency::Critical,
            _ => Urgency::Medium,
        };
        (urgency, p)
    }
}
