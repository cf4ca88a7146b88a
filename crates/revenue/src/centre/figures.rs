//! From rows to figures: pure functions.

use chrono::{Days, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;

use super::store::Day;
use crate::rollup::seconds_of;

/// How long people waited for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Waits {
    /// Answers counted.
    pub answers: i64,
    /// Half of them came within this many seconds.
    pub median_s: Option<f64>,
    /// Nine of ten came within this many seconds.
    pub p90_s: Option<f64>,
}

impl Waits {
    /// Reads a histogram of buckets in ascending order.
    pub(super) fn of(histogram: &[(i16, i64)]) -> Self {
        let answers: i64 = histogram.iter().map(|(_, count)| count).sum();
        Self { answers, median_s: quantile(histogram, answers, 0.5), p90_s: quantile(histogram, answers, 0.9) }
    }
}

fn quantile(histogram: &[(i16, i64)], total: i64, share: f64) -> Option<f64> {
    let target = (total as f64 * share).ceil().max(1.0);
    let mut seen = 0;
    histogram.iter().find_map(|(bucket, count)| {
        seen += count;
        (total > 0 && seen as f64 >= target).then(|| seconds_of(*bucket))
    })
}

/// Sums over some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Figures {
    /// Messages of contacts.
    pub received: i64,
    /// Messages the bot sent.
    pub sent_by_bot: i64,
    /// Messages people sent.
    pub sent_by_people: i64,
    /// Answers to somebody who waited.
    pub answered: i64,
    /// Of them within five minutes.
    pub answered_within_5_min: i64,
    /// New leads.
    pub leads: i64,
    /// Leads that became hot.
    pub became_hot: i64,
}

impl Figures {
    /// Adds up the days from one on, before another.
    pub(super) fn of(days: &[Day], from: NaiveDate, before: NaiveDate) -> Self {
        days.iter().filter(|day| day.day >= from && day.day < before).fold(Self::default(), |sum, day| Self {
            received: sum.received + day.received,
            sent_by_bot: sum.sent_by_bot + day.sent_bot,
            sent_by_people: sum.sent_by_people + day.sent_person,
            answered: sum.answered + day.answered,
            answered_within_5_min: sum.answered_within_5_min + day.answered_5min,
            leads: sum.leads + day.leads,
            became_hot: sum.became_hot + day.became_hot,
        })
    }

    /// The share of answers within five minutes; none without answers.
    pub(super) fn quick_share(self) -> Option<f64> {
        (self.answered > 0).then(|| self.answered_within_5_min as f64 / self.answered as f64)
    }
}

/// The messages of contacts on each day, with a zero for a day without any.
pub(super) fn received_by_day(days: &[Day], from: NaiveDate, to: NaiveDate) -> Vec<(NaiveDate, i64)> {
    let mut day = from;
    let mut line = Vec::new();
    while day <= to {
        line.push((day, days.iter().filter(|row| row.day == day).map(|row| row.received).sum()));
        day = day + Days::new(1);
    }
    line
}

/// The messages of contacts on each channel, the busiest first.
pub(super) fn received_by_channel(days: &[Day]) -> Vec<(String, f64)> {
    let mut sums = std::collections::BTreeMap::<&str, i64>::new();
    for day in days.iter().filter(|day| day.received > 0) {
        *sums.entry(day.channel.as_str()).or_default() += day.received;
    }
    let mut rows: Vec<(String, f64)> =
        sums.into_iter().map(|(channel, sum)| (channel_name(channel), sum as f64)).collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    rows
}

/// What a channel is called.
pub(crate) fn channel_name(channel: &str) -> String {
    match channel {
        "facebook" => "Facebook".to_owned(),
        "instagram" => "Instagram".to_owned(),
        "whatsapp" => "WhatsApp".to_owned(),
        "x" => "X".to_owned(),
        "email" => "E-mail".to_owned(),
        "webchat" => "Web chat".to_owned(),
        "voice" => "Telephone".to_owned(),
        other => other.to_owned(),
    }
}

/// A wait as a person says it.
pub(crate) fn spoken(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s", s.max(0.0)),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollup::bucket;

    #[test]
    fn quantiles_come_from_the_histogram() {
        let histogram: Vec<(i16, i64)> = vec![(bucket(2), 5), (bucket(60), 4), (bucket(3_600), 1)];
        let waits = Waits::of(&histogram);
        assert!(waits.answers == 10 && waits.median_s.is_some_and(|s| s < 3.0), "{waits:?}");
        assert!(waits.p90_s.is_some_and(|s| (50.0..70.0).contains(&s)), "{waits:?}");
        assert_eq!(Waits::of(&[]), Waits::default());
    }

    #[test]
    fn waits_are_said_in_the_unit_that_fits() {
        assert_eq!([spoken(3.4), spoken(312.0), spoken(9_000.0)], ["3 s", "5 min", "2.5 h"]);
    }
}
