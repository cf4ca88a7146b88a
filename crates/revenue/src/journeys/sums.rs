//! What a journey adds to the daily sums.

use uuid::Uuid;

use super::fold::{Journey, Opening, Stage};
use crate::metrics as m;
use crate::signals::sums::Sums;

/// Answers up to here are as good as at once.
const FAST_S: i64 = 300;
/// Answers from here on are worth nothing.
const LATE_S: i64 = 86_400;

/// The ends of the delay bins in seconds, each with its key: a lead answered later than a day is in none.
pub(crate) const BINS: [(i64, &str); 5] =
    [(FAST_S, "0_5"), (900, "5_15"), (3_600, "15_60"), (14_400, "60_240"), (LATE_S, "240_1440")];

/// Micro-points of response velocity for a first answer after some seconds.
pub(crate) fn points(seconds: i64) -> i64 {
    if seconds <= FAST_S {
        return 100_000_000;
    }
    if seconds >= LATE_S {
        return 0;
    }
    let lost = (seconds as f64 / FAST_S as f64).ln() / (LATE_S as f64 / FAST_S as f64).ln();
    (100_000_000.0 * (1.0 - lost)).round() as i64
}

/// The bin of a wait.
pub(crate) fn bin(seconds: i64) -> Option<&'static str> {
    BINS.iter().find(|(end, _)| if *end == LATE_S { seconds < *end } else { seconds <= *end }).map(|(_, key)| *key)
}

/// Adds a journey `sign` times.
pub(crate) fn count(sums: &mut Sums, journey: &Journey, sign: i64) {
    let place = journey.location_id.unwrap_or_else(Uuid::nil);
    let mut add = |day, metric: &str, n: i64, amount: i64| {
        sums.add((day, place, journey.source.clone(), metric.to_owned()), sign * n, sign * amount);
    };
    each(journey, |metric, n, amount| add(journey.day, metric, n, amount));
    if let Some(day) = journey.leaks_day {
        add(day, m::LEAKS, 1, journey.value_minor);
    }
}

/// Tells each sum on the day of arrival: metric, count, amount.
///
/// What is stored was told by this too: scores take a lead out of the sums of the last days by it. A release that changes what is
/// told here has `recoup rebuild scores` in its roll-out.
pub(crate) fn each(journey: &Journey, mut add: impl FnMut(&str, i64, i64)) {
    let waited = journey.answered_after_s;
    let (points_now, closed) = (waited.map_or(0, points), i64::from(journey.is_closed()));
    add(m::LEADS, 1, 0);
    if journey.opening == Opening::Call {
        add(m::LEADS_CALL, 1, 0);
    }
    add(m::VELOCITY, 1, points_now);
    add(m::VELOCITY_BUSINESS, 1, journey.answered_after_business_s.map_or(0, points));
    if journey.value_minor > 0 {
        add(m::LEAD_VALUE, 1, journey.value_minor);
        add(m::VELOCITY_VALUE, 1, journey.value_minor.saturating_mul(points_now / 10_000));
    }
    if let Some(seconds) = waited {
        add(m::ANSWERED, 1, seconds);
        if seconds <= FAST_S {
            add(m::ANSWERED_5, 1, 0);
        }
        if seconds <= 3_600 {
            add(m::ANSWERED_60, 1, 0);
        }
        add(&format!("{}{:03}", m::WAIT, crate::rollup::bucket(seconds)), 1, 0);
        if let Some(bin) = bin(seconds) {
            add(&format!("{}{bin}", m::DELAY), 1, closed);
        }
    }
    if let Some(stage) = journey.leak_stage {
        add(m::LEAKED, 1, journey.value_minor);
        add(&format!("{}{}", m::LEAKED_AT, stage.as_str()), 1, journey.value_minor);
        if journey.returned {
            add(m::RETURNED, 1, 0);
        }
    }
    if !matches!(journey.leak_stage, Some(Stage::Answer | Stage::Respond)) {
        add(m::ANSWERED_IN_TIME, 1, 0);
        add(m::ANSWERED_CLOSED, closed, 0);
    }
    if journey.reached_at.is_some() {
        add(m::REACHED, 1, closed);
    }
    if journey.quoted_at.is_some() {
        add(m::QUOTED, 1, 0);
        add(m::QUOTED_CLOSED, closed, 0);
    }
    if journey.booked_at.is_some() {
        add(m::BOOKED, 1, i64::from(journey.paid_at.is_some()));
        if journey.no_show_at.is_some() {
            add(m::MISSED, 1, 0);
        }
    }
    if journey.paid_minor > 0 {
        add(m::PAID, 1, journey.paid_minor);
    }
    add(m::CLOSED, closed, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_has_the_published_anchors() {
        let at = |minutes: i64| (points(minutes * 60) as f64 / 1e6).round() as i64;
        assert_eq!([5, 15, 30, 60, 120, 480, 1_440].map(at), [100, 81, 68, 56, 44, 19, 0]);
    }

    #[test]
    fn bins_are_closed_above_but_for_the_day() {
        assert_eq!(
            [0, 300, 301, 86_399, 86_400].map(bin),
            [Some("0_5"), Some("0_5"), Some("5_15"), Some("240_1440"), None]
        );
    }
}
