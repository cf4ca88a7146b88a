//! Figures from samples.

use std::fmt::Display;
use std::time::Duration;

/// Prints one figure.
pub fn say(metric: &str, value: impl Display) {
    println!("{metric}: {value}");
}

/// Durations of one thing.
#[derive(Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Samples in any order.
    pub fn new(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self(samples)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The duration that this share of the samples stays within, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let place = ((self.0.len() as f64 * share).ceil() as usize).clamp(1, self.0.len().max(1)) - 1;
        self.0.get(place).map_or(0.0, |duration| duration.as_secs_f64() * 1e3)
    }

    /// Prints p50, p95 and p99.
    pub fn say(&self, metric: &str) {
        for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            say(&format!("{metric}_{name}_ms"), format!("{:.2}", self.quantile_ms(share)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_samples() {
        let samples = Samples::new((1..=100).rev().map(Duration::from_millis).collect());
        let told = [0.5, 0.95, 0.99, 1.0].map(|share| samples.quantile_ms(share).round() as i64);
        assert_eq!(told, [50, 95, 99, 100]);
        assert!(Samples::new(Vec::new()).quantile_ms(0.99).abs() < f64::EPSILON);
    }
}
