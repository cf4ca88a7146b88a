//! When a schedule is due, in its own time zone: every chosen day once, whatever the clocks do.
//!
//! A time that the change to summer time skips is the first minute after the gap; a time that comes twice is the first of the two.

use chrono::Datelike;
use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

/// Days of the week and a time of day in a time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    pub zone: Tz,
    /// 1 is Monday, 7 is Sunday.
    pub days: Vec<i16>,
    /// Of the day, from midnight: 0 to 1439.
    pub minute: i16,
}

/// The longest gap that clocks leave, in minutes; after it the day is over.
const LONGEST_GAP: i64 = 24 * 60;

impl Timing {
    /// The instant it is due on a day; none on another weekday, or where the time zone skips the whole day.
    pub(crate) fn on(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let weekday = i16::try_from(day.weekday().number_from_monday()).ok()?;
        if !self.days.contains(&weekday) {
            return None;
        }
        let start = day.and_time(NaiveTime::MIN) + Duration::minutes(i64::from(self.minute));
        (0..LONGEST_GAP)
            .map(|minutes| start + Duration::minutes(minutes))
            .take_while(|local| local.date() == day)
            .find_map(|local| local.and_local_timezone(self.zone).earliest())
            .map(|at| at.with_timezone(&Utc))
    }

    /// The first instant it is due after another; none without days.
    pub(crate) fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = after.with_timezone(&self.zone).date_naive();
        (0..=15).filter_map(|days| self.on(today + Days::new(days))).find(|at| *at > after)
    }

    /// The latest day whose instant has come.
    pub(crate) fn last_day(&self, now: DateTime<Utc>) -> Option<NaiveDate> {
        let today = now.with_timezone(&self.zone).date_naive();
        (0..=15).map(|days| today - Days::new(days)).find(|day| self.on(*day).is_some_and(|at| at <= now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(zone: &str, minute: i16) -> Timing {
        Timing { zone: zone.parse().expect("a zone"), days: (1..=7).collect(), minute }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_hour_stays_when_the_clocks_change() {
        let berlin = timing("Europe/Berlin", 8 * 60);
        assert_eq!(berlin.next(at("2026-03-28T06:59:59Z")), Some(at("2026-03-28T07:00:00Z")));
        assert_eq!(berlin.next(at("2026-03-28T07:00:00Z")), Some(at("2026-03-29T06:00:00Z")), "summer time begins");
        assert_eq!(berlin.next(at("2026-10-24T06:00:00Z")), Some(at("2026-10-25T07:00:00Z")), "summer time ends");
    }

    #[test]
    fn a_time_that_is_skipped_comes_after_the_gap_and_one_that_comes_twice_comes_once() {
        let berlin = timing("Europe/Berlin", 2 * 60 + 30);
        assert_eq!(berlin.on("2026-03-29".parse().expect("a day")), Some(at("2026-03-29T01:00:00Z")));
        let first = berlin.on("2026-10-25".parse().expect("a day")).expect("due");
        assert_eq!(first, at("2026-10-25T00:30:00Z"));
        assert_eq!(berlin.next(first), Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn every_day_is_due_once_over_two_years_in_odd_zones() {
        for zone in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"] {
            for minute in [0, 119, 150, 1439] {
                let timing = timing(zone, minute);
                let mut now = at("2025-01-01T00:00:00Z");
                let mut seen = Vec::new();
                while now < at("2027-01-01T00:00:00Z") {
                    now = timing.next(now).expect("due");
                    seen.push(timing.last_day(now).expect("a day"));
                }
                assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + Days::new(1)), "{zone} {minute}");
            }
        }
    }

    #[test]
    fn only_chosen_days_are_due() {
        let mut timing = timing("UTC", 540);
        timing.days = vec![1, 5];
        let monday = timing.next(at("2026-11-28T00:00:00Z")).expect("due");
        assert_eq!(monday, at("2026-11-30T09:00:00Z"));
        assert_eq!(timing.last_day(at("2026-11-29T12:00:00Z")), Some("2026-11-27".parse().expect("a day")));
        timing.days.clear();
        assert_eq!(timing.next(monday), None);
    }
}
