//! Daily sums, added up over days, sources and places, and read as the metrics they stand for.

use chrono::NaiveDate;

use crate::figures::{Metric, Reading, Sum};
use crate::period::Period;

/// Daily sums that were asked for once and are read in several ways.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readings(Vec<Sum>);

impl Readings {
    pub(crate) fn new(sums: Vec<Sum>) -> Self {
        Self(sums)
    }

    /// A metric over the sums that count; none when there are none, and for a mean or a share of nothing.
    pub(crate) fn read(&self, metric: &Metric, counts: impl Fn(&Sum) -> bool) -> Option<f64> {
        let (found, n, amount) = self.add(&metric.key, &counts);
        let over = |above: f64, below: i64| (below > 0).then(|| above / below as f64);
        match &metric.reading {
            Reading::Number => found.then_some(n as f64),
            Reading::Sum => found.then_some(amount as f64),
            Reading::Mean => over(amount as f64, n),
            Reading::MeanOfMillionths => over(amount as f64 / 1e6, n),
            Reading::MeanOfHundredths => over(amount as f64 / 100.0, n),
            Reading::ShareOf(other) => over(n as f64, self.add(other, &counts).1),
        }
    }

    /// Whether there is any, how many, how much.
    fn add(&self, key: &str, counts: &impl Fn(&Sum) -> bool) -> (bool, i64, i64) {
        self.0.iter().filter(|sum| sum.metric == key && counts(sum)).fold((false, 0, 0), |(_, n, amount), sum| {
            (true, i64::saturating_add(n, sum.n), i64::saturating_add(amount, sum.amount))
        })
    }

    /// A metric over days.
    pub(crate) fn over(&self, metric: &Metric, period: Period) -> Option<f64> {
        self.read(metric, |sum| period.has(sum.day))
    }

    /// A metric day by day. A day without a row is zero for what is counted or summed, once there is any row at all.
    pub(crate) fn daily(&self, metric: &Metric, period: Period) -> Vec<Option<f64>> {
        let any = self.over(metric, period).is_some();
        let empty = match metric.reading {
            Reading::Number | Reading::Sum if any => Some(0.0),
            _ => None,
        };
        period.days().map(|day: NaiveDate| self.read(metric, |sum| sum.day == day).or(empty)).collect()
    }

    /// The rows.
    pub(crate) fn rows(&self) -> &[Sum] {
        &self.0
    }
}
