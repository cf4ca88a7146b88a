//! What stands behind an anomaly: the series with its band, and the places and sources that explain it.

use chrono::NaiveDate;
use kernel::ids::LocationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::series::Part;
use crate::metrics::{Metric, Shown};

/// A day of the series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct EvidenceDay {
    /// The day, at the place.
    pub day: NaiveDate,
    /// What it was; null: nothing to measure.
    pub value: Option<f64>,
    /// What was expected from the days before; null: too little was known.
    pub expected: Option<f64>,
    /// The lower end of what one day may be without being noticed.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// A place and source whose part of the metric differs from what is usual on that weekday.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct EvidencePart {
    /// The place; null where none was named.
    pub location_id: Option<LocationId>,
    /// The source.
    pub source: String,
    /// Its part of the day: the count, or the amount of money.
    pub value: f64,
    /// The mean of its part on the four same weekdays before.
    pub usual: f64,
}

/// The evidence of an anomaly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Evidence {
    /// Up to 60 days, the last one being the anomaly's.
    pub days: Vec<EvidenceDay>,
    /// What explains it, the largest difference first; at most five.
    pub parts: Vec<EvidencePart>,
}

impl EvidencePart {
    /// A part of a metric. Of a mean or a share the count is told: that is what adds up.
    pub(super) fn of(metric: &Metric, part: &Part) -> Self {
        let money = metric.shown == Shown::Money;
        let (value, before) = if money { (part.amount, part.amount_before) } else { (part.n, part.n_before) };
        Self {
            location_id: Some(part.location_id).filter(|id| !id.is_nil()).map(LocationId::from_uuid),
            source: part.source.clone(),
            value: value as f64,
            usual: before as f64 / 4.0,
        }
    }
}
