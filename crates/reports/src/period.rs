//! Days from one to another, both counted.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;

/// Days from one to another, both counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

impl Period {
    /// So many days that end with one.
    pub fn ending(to: NaiveDate, days: u64) -> Self {
        Self { from: to - Days::new(days.saturating_sub(1)), to }
    }

    /// The days just before, as many.
    #[must_use]
    pub fn before(self) -> Self {
        Self::ending(self.from - Days::new(1), self.len())
    }

    /// How many days.
    #[expect(clippy::len_without_is_empty, reason = "a period has a day at least")]
    pub fn len(self) -> u64 {
        u64::try_from((self.to - self.from).num_days() + 1).unwrap_or(1).max(1)
    }

    /// Every day.
    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        self.from.iter_days().take(self.len() as usize)
    }

    /// Whether a day is one of them.
    pub fn has(self, day: NaiveDate) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// In words: `1 to 27 November 2026`.
    pub fn words(self) -> String {
        let Self { from, to } = self;
        if from == to {
            return to.format("%-d %B %Y").to_string();
        }
        let start = if from.format("%Y %m").to_string() == to.format("%Y %m").to_string() {
            from.format("%-d")
        } else if from.format("%Y").to_string() == to.format("%Y").to_string() {
            from.format("%-d %B")
        } else {
            from.format("%-d %B %Y")
        };
        format!("{start} to {}", to.format("%-d %B %Y"))
    }
}

/// The day it is in a time zone.
pub fn day_in(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_period_knows_its_days_and_the_ones_before() {
        let month = Period::ending(day("2026-03-15"), 28);
        assert_eq!((month.from, month.len()), (day("2026-02-16"), 28));
        assert_eq!(month.before(), Period { from: day("2026-01-19"), to: day("2026-02-15") });
        assert_eq!(month.days().count(), 28);
        assert!(month.has(day("2026-03-15")) && !month.has(day("2026-03-16")));
    }

    #[test]
    fn words_say_no_month_or_year_twice() {
        let words = |from, to| Period { from: day(from), to: day(to) }.words();
        assert_eq!(words("2026-11-01", "2026-11-27"), "1 to 27 November 2026");
        assert_eq!(words("2026-10-31", "2026-11-27"), "31 October to 27 November 2026");
        assert_eq!(words("2025-12-31", "2026-01-01"), "31 December 2025 to 1 January 2026");
        assert_eq!(words("2026-11-27", "2026-11-27"), "27 November 2026");
    }
}
