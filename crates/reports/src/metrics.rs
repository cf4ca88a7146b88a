//! Metrics on charts and in tables: units in words, money in whole units.

use crate::figures::{Metric, Unit};
use crate::sheet::Value;

/// What a chart's numbers are counted in.
pub(crate) fn unit_words(unit: Unit, currency: &str) -> String {
    match unit {
        Unit::Count => "number".to_owned(),
        Unit::Money => currency.to_owned(),
        Unit::Seconds => "minutes".to_owned(),
        Unit::Points => "points".to_owned(),
        Unit::Share => "%".to_owned(),
        Unit::Rating => "stars".to_owned(),
    }
}

/// Values as a chart draws them.
pub(crate) fn chart_values(unit: Unit, currency: &str, values: &[Option<f64>]) -> Vec<Option<f64>> {
    let scaled = |value: f64| match unit {
        // Through the text that files carry: it knows the digits of a currency.
        Unit::Money => Value::Money(value.round() as i64).plain(currency).parse().unwrap_or(value),
        Unit::Seconds => value / 60.0,
        Unit::Share => value * 100.0,
        Unit::Count | Unit::Points | Unit::Rating => value,
    };
    values.iter().map(|value| value.map(scaled)).collect()
}

/// A metric by its key.
pub(crate) fn find<'a>(metrics: &'a [Metric], key: &str) -> Option<&'a Metric> {
    metrics.iter().find(|metric| metric.key == key)
}
