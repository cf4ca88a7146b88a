//! An anomaly in words.

use shell::page::{amount, percent};

use super::store::Anomaly;
use crate::metrics::{Metric, Shown};

/// What a metric is called; its name where a newer program wrote it.
pub(super) fn title(metric: &str) -> String {
    Metric::named(metric).map_or_else(|| metric.to_owned(), |metric| metric.title.to_owned())
}

/// The head line: the subject of a letter.
pub(super) fn headline(anomaly: &Anomaly) -> String {
    format!("{}: {} than expected on {}", title(&anomaly.metric), direction(anomaly), anomaly.last_day)
}

/// What happened, in one sentence.
pub(super) fn sentence(anomaly: &Anomaly, currency: &str) -> String {
    let said = |value: f64| figure(&anomaly.metric, value, currency);
    let since = if anomaly.day == anomaly.last_day {
        format!("on {}", anomaly.day)
    } else {
        format!("from {} to {}", anomaly.day, anomaly.last_day)
    };
    format!(
        "{} was {} than expected {since}: {} on the last day, where {} was expected and {} to {} would have been usual.",
        title(&anomaly.metric),
        direction(anomaly),
        said(anomaly.value),
        said(anomaly.expected),
        said(anomaly.low),
        said(anomaly.high)
    )
}

pub(super) fn direction(anomaly: &Anomaly) -> &'static str {
    if anomaly.z > 0.0 { "higher" } else { "lower" }
}

/// A value of a metric as people read it.
pub(super) fn figure(metric: &str, value: f64, currency: &str) -> String {
    match Metric::named(metric).map(|metric| metric.shown) {
        Some(Shown::Money) => amount(value.round() as i64, currency),
        Some(Shown::Share(_)) => percent(value),
        Some(Shown::MeanSeconds) => spoken(value.max(0.0)),
        Some(Shown::MeanMicro | Shown::MeanHundredths) => format!("{value:.1}"),
        Some(Shown::Count) | None => format!("{value:.0}"),
    }
}

/// Whether a metric is an amount of money.
pub(super) fn is_money(metric: &str) -> bool {
    Metric::named(metric).is_some_and(|metric| metric.shown == Shown::Money)
}

/// Whether the parts of a metric add up to it.
pub(super) fn adds_up(metric: &str) -> bool {
    Metric::named(metric).is_some_and(|metric| matches!(metric.shown, Shown::Count | Shown::Money))
}

fn spoken(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("{seconds:.0} s"),
        90.0..5_400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_are_read_in_their_unit() {
        let read = |metric: &str, value: f64| figure(metric, value, "USD");
        assert_eq!(read("leads", 12.4), "12");
        assert_eq!(read("revenue", 1_248_000.0), "$12,480");
        assert_eq!(read("answered_5", 0.38), "38 %");
        assert_eq!(
            [read("answered", 3.0), read("answered", 600.0), read("answered", 9_000.0)],
            ["3 s", "10 min", "2.5 h"]
        );
        assert_eq!(read("of a newer program", 3.2), "3");
    }
}
