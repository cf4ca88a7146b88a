//! Sums of a window, together and by source.

use std::collections::{BTreeMap, HashMap};

use crate::journeys::{Journey, Stage, sums};
use crate::metrics as m;

/// Leads that can still be answered in time: they count neither for nor against an answer yet.
pub(crate) const OPEN: &str = "open";

/// Sums of a window by metric: count and amount.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts(HashMap<String, (i64, i64)>);

impl Counts {
    /// Adds to a metric.
    pub(crate) fn add(&mut self, metric: &str, n: i64, amount: i64) {
        if let Some(sum) = self.0.get_mut(metric) {
            sum.0 += n;
            sum.1 = sum.1.saturating_add(amount);
        } else {
            self.0.insert(metric.to_owned(), (n, amount));
        }
    }

    /// The count of a metric.
    pub(crate) fn n(&self, metric: &str) -> i64 {
        self.0.get(metric).map_or(0, |sum| sum.0)
    }

    /// The amount of a metric.
    pub(crate) fn amount(&self, metric: &str) -> i64 {
        self.0.get(metric).map_or(0, |sum| sum.1)
    }

    /// Leads that leaked at a stage.
    pub(crate) fn leaked(&self, stage: Stage) -> i64 {
        self.n(&format!("{}{}", m::LEAKED_AT, stage.as_str()))
    }

    /// The histogram of waits: bucket and leads, in order.
    pub(crate) fn waits(&self) -> Vec<(i16, i64)> {
        let of = |metric: &str| metric.strip_prefix(m::WAIT).and_then(|bucket| bucket.parse().ok());
        let mut waits: Vec<(i16, i64)> =
            self.0.iter().filter_map(|(metric, (n, _))| of(metric).map(|bucket| (bucket, *n))).collect();
        waits.sort_unstable();
        waits
    }
}

/// The sums of a window: together, and by source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Window {
    /// All sources together.
    pub all: Counts,
    /// Each source.
    pub sources: BTreeMap<String, Counts>,
}

impl Window {
    /// Adds to a metric of a source.
    pub(crate) fn add(&mut self, source: &str, metric: &str, n: i64, amount: i64) {
        self.all.add(metric, n, amount);
        if !self.sources.contains_key(source) {
            self.sources.insert(source.to_owned(), Counts::default());
        }
        if let Some(counts) = self.sources.get_mut(source) {
            counts.add(metric, n, amount);
        }
    }

    /// Adds a lead as it stands.
    pub(crate) fn count(&mut self, journey: &Journey) {
        sums::each(journey, |metric, n, amount| self.add(&journey.source, metric, n, amount));
    }

    /// Takes a lead out again, as it was counted.
    pub(super) fn take_out(&mut self, journey: &Journey) {
        sums::each(journey, |metric, n, amount| self.add(&journey.source, metric, -n, -amount));
    }

    /// Adds the sums of another window; what came to zero there leaves no trace.
    pub(super) fn join(&mut self, other: &Self) {
        for (source, counts) in &other.sources {
            for (metric, (n, amount)) in &counts.0 {
                if (*n, *amount) != (0, 0) {
                    self.add(source, metric, *n, *amount);
                }
            }
        }
    }

    /// Leaves out metrics that are zero.
    #[cfg(test)]
    pub(super) fn trimmed(mut self) -> Self {
        for counts in self.sources.values_mut().chain([&mut self.all]) {
            counts.0.retain(|_, sum| *sum != (0, 0));
        }
        self
    }

    /// Adds a lead that can still be answered in time: it tells neither how fast answers are nor how many of the answered close.
    pub(crate) fn count_open(&mut self, journey: &Journey) {
        let waits = [m::ANSWERED_IN_TIME, m::ANSWERED_CLOSED];
        sums::each(journey, |metric, n, amount| {
            if !metric.starts_with(m::VELOCITY) && !waits.contains(&metric) {
                self.add(&journey.source, metric, n, amount);
            }
        });
        self.add(&journey.source, OPEN, 1, 0);
    }
}
