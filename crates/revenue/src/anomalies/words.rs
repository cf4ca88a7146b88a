//! An anomaly in words.

use connectors::signal::SignalKind;
use shell::page::{amount, percent};

use super::store::Anomaly;
use crate::metrics::{self, Metric, Shown};
use crate::scores::ScoreType;

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
        "{}: {} than expected {since}. On the last day it was {}; {} was expected, and {} to {} would have been usual.",
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

/// The score whose page of rows shows what a metric is made of; none where no page does.
pub(super) fn score_of(metric: &str) -> Option<ScoreType> {
    Some(match metric {
        metrics::LEADS
        | metrics::ANSWERED
        | metrics::ANSWERED_5
        | metrics::RESPONSES
        | metrics::CALLS
        | metrics::MISSED_CALLS => ScoreType::ResponseVelocity,
        metrics::LEAKS | metrics::QUOTES | metrics::BOOKINGS | metrics::CANCELLATIONS | metrics::NO_SHOWS => {
            ScoreType::LeadLeakage
        }
        metrics::REVENUE | metrics::REFUNDS => ScoreType::RevenueRecovery,
        metrics::REVIEWS => ScoreType::CompetitiveVisibility,
        _ => return None,
    })
}

/// The kinds of signals that a metric is made of.
pub(super) fn kinds_of(metric: &str) -> &'static [SignalKind] {
    use SignalKind as K;
    match metric {
        metrics::LEADS | metrics::LEAKS => &[K::Lead, K::Call],
        metrics::ANSWERED | metrics::ANSWERED_5 | metrics::RESPONSES => &[K::Response],
        metrics::CALLS | metrics::MISSED_CALLS => &[K::Call],
        metrics::QUOTES => &[K::Quote],
        metrics::BOOKINGS | metrics::CANCELLATIONS => &[K::Booking],
        metrics::NO_SHOWS => &[K::NoShow],
        metrics::REVENUE => &[K::Payment, K::Refund],
        metrics::REFUNDS => &[K::Refund],
        metrics::REVIEWS => &[K::Review],
        metrics::AD_SPEND => &[K::AdSpend],
        metrics::VISITS => &[K::Visit],
        _ => &[],
    }
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
    use super::{figure, kinds_of};
    use crate::anomalies::series::watched;

    #[test]
    fn every_watched_metric_says_what_it_is_made_of() {
        assert!(watched().all(|metric| !kinds_of(metric.name).is_empty()));
    }

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
