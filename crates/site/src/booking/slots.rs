//! Which times are offered. Pure: hours of the site, the zone they are in, and the quarters of an hour that are taken.

use std::collections::HashSet;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::sites::{Opening, Site};

/// The grain of bookings, in minutes.
const GRAIN: u16 = 15;
/// The furthest day that is looked at, whatever the settings say.
const FURTHEST: u16 = 366;

/// The site's time zone; UTC where it has none that is known.
pub(crate) fn zone_of(site: &Site) -> Tz {
    site.settings.time_zone.parse().unwrap_or(Tz::UTC)
}

/// The quarters of an hour that a consultation takes from an instant on, its free time after it included.
pub(crate) fn quarters(hours: &Opening, starts: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let count = (length(hours) + whole(hours.buffer)) / GRAIN;
    (0..count).map(|n| starts + Duration::minutes(i64::from(n * GRAIN))).collect()
}

/// When a consultation ends.
pub(crate) fn ends(hours: &Opening, starts: DateTime<Utc>) -> DateTime<Utc> {
    starts + Duration::minutes(i64::from(length(hours)))
}

/// Every time the hours offer from now on, taken or not, in order.
pub(crate) fn offered(hours: &Opening, zone: Tz, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let first = now + Duration::hours(i64::from(hours.notice_hours));
    let today = now.with_timezone(&zone).date_naive();
    let days = (0..=u64::from(hours.horizon_days.min(FURTHEST))).filter_map(|n| today.checked_add_days(Days::new(n)));
    let mut all: Vec<DateTime<Utc>> =
        days.filter(|day| is_open(hours, *day)).flat_map(|day| of_day(hours, zone, day)).collect();
    all.retain(|starts| *starts >= first);
    // Where clocks go back, two times of a day can be one instant.
    all.sort_unstable();
    all.dedup();
    all
}

/// Those of which no quarter is taken.
pub(crate) fn free(
    hours: &Opening,
    zone: Tz,
    now: DateTime<Utc>,
    taken: &HashSet<DateTime<Utc>>,
) -> Vec<DateTime<Utc>> {
    let mut all = offered(hours, zone, now);
    all.retain(|starts| quarters(hours, *starts).iter().all(|quarter| !taken.contains(quarter)));
    all
}

/// The end of the next business day after an instant: by then somebody has answered.
pub(crate) fn next_business_day(hours: &Opening, zone: Tz, at: DateTime<Utc>) -> DateTime<Utc> {
    let day = at.with_timezone(&zone).date_naive();
    let next = (1..=7).filter_map(|n| day.checked_add_days(Days::new(n))).find(|day| is_open(hours, *day));
    next.and_then(|day| instant(zone, day, hours.to_minute)).unwrap_or(at + Duration::days(1))
}

fn of_day(hours: &Opening, zone: Tz, day: NaiveDate) -> impl Iterator<Item = DateTime<Utc>> + use<> {
    let (from, length, to) = (whole(hours.from_minute), length(hours), hours.to_minute.min(24 * 60));
    let starts = (from..to).step_by(usize::from(length)).take_while(move |minute| minute + length <= to);
    // A time that a day skips, where clocks go forward, is offered on no page.
    starts.filter_map(move |minute| instant(zone, day, minute))
}

/// Whether consultations are held on a day; Monday to Friday where the settings name no day.
fn is_open(hours: &Opening, day: NaiveDate) -> bool {
    let number = u8::try_from(day.weekday().number_from_monday()).unwrap_or_default();
    if hours.days.is_empty() { number <= 5 } else { hours.days.contains(&number) }
}

/// The instant of a minute of a day in a zone; the first of two, none where the day skips it.
fn instant(zone: Tz, day: NaiveDate, minute: u16) -> Option<DateTime<Utc>> {
    let minute = u32::from(minute.min(24 * 60 - 1));
    let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?;
    Some(zone.from_local_datetime(&day.and_time(time)).earliest()?.with_timezone(&Utc))
}

/// Of one consultation, in whole quarters; at least one.
fn length(hours: &Opening) -> u16 {
    whole(hours.minutes).max(GRAIN)
}

fn whole(minutes: u16) -> u16 {
    minutes.min(24 * 60).div_ceil(GRAIN) * GRAIN
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::{Berlin, London};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn times(all: &[DateTime<Utc>]) -> Vec<String> {
        all.iter().map(|at| at.format("%m-%d %H:%M").to_string()).collect()
    }

    #[test]
    fn times_begin_after_the_notice_and_end_with_the_day() {
        let hours = Opening { horizon_days: 3, ..Opening::default() };
        // Friday at ten: four hours of notice, then Monday.
        let all = offered(&hours, London, at("2026-11-27T10:00:00Z"));
        assert_eq!(times(&all[..2]), ["11-27 14:00", "11-27 14:30"]);
        assert_eq!(times(&all[5..7]), ["11-27 16:30", "11-30 09:00"]);
        assert_eq!(all.len(), 6 + 16);
    }

    #[test]
    fn a_taken_quarter_takes_every_time_that_needs_it() {
        let hours = Opening { horizon_days: 3, ..Opening::default() };
        let now = at("2026-11-27T10:00:00Z");
        let starts = at("2026-11-30T10:00:00Z");
        let taken: HashSet<DateTime<Utc>> = quarters(&hours, starts).into_iter().collect();
        assert_eq!(taken.len(), 3);
        let free = free(&hours, London, now, &taken);
        for gone in ["2026-11-30T09:30:00Z", "2026-11-30T10:00:00Z", "2026-11-30T10:30:00Z"] {
            assert!(!free.contains(&at(gone)), "{gone}");
        }
        assert!(free.contains(&at("2026-11-30T09:00:00Z")) && free.contains(&at("2026-11-30T11:00:00Z")));
    }

    #[test]
    fn the_hours_of_the_clock_stay_when_clocks_change() {
        let hours = Opening { horizon_days: 4, ..Opening::default() };
        // Clocks go back on Sunday, 25 October 2026.
        let all = offered(&hours, Berlin, at("2026-10-23T06:00:00Z"));
        assert!(all.contains(&at("2026-10-23T13:00:00Z")), "three in the afternoon in summer");
        assert!(all.contains(&at("2026-10-26T08:00:00Z")), "nine in the morning in winter");
        assert!(!all.contains(&at("2026-10-26T07:00:00Z")));
    }

    #[test]
    fn a_time_that_the_day_skips_is_not_offered() {
        let hours = Opening {
            days: vec![7],
            from_minute: 60,
            to_minute: 5 * 60,
            minutes: 60,
            horizon_days: 1,
            ..Opening::default()
        };
        // Clocks go forward from two to three on Sunday, 28 March 2027.
        let all = offered(&hours, Berlin, at("2027-03-27T12:00:00Z"));
        assert_eq!(times(&all), ["03-28 00:00", "03-28 01:00", "03-28 02:00"]);
    }

    #[test]
    fn the_next_business_day_passes_the_weekend() {
        let hours = Opening::default();
        assert_eq!(next_business_day(&hours, London, at("2026-11-27T20:00:00Z")), at("2026-11-30T17:00:00Z"));
        assert_eq!(next_business_day(&hours, London, at("2026-11-30T08:00:00Z")), at("2026-12-01T17:00:00Z"));
        let never = Opening { days: vec![9], ..Opening::default() };
        assert_eq!(next_business_day(&never, London, at("2026-11-30T08:00:00Z")), at("2026-12-01T08:00:00Z"));
    }

    proptest! {
        /// Whatever the settings say, times are in order, in the future and on quarters, and nothing loops or panics.
        #[test]
        fn any_hours_offer_times_that_can_be_booked(
            from in any::<u16>(), to in any::<u16>(), minutes in any::<u16>(), buffer in any::<u16>(),
            notice in any::<u16>(), horizon in 0_u16..30, days in prop::collection::vec(any::<u8>(), 0..8),
        ) {
            let hours = Opening {
                days, from_minute: from, to_minute: to, minutes, buffer, notice_hours: notice, horizon_days: horizon,
            };
            let now = at("2026-10-20T10:07:00Z");
            let all = offered(&hours, Berlin, now);
            prop_assert!(all.is_sorted());
            for starts in all {
                prop_assert!(starts >= now);
                prop_assert_eq!(starts.timestamp() % 900, 0);
                prop_assert!(!quarters(&hours, starts).is_empty());
                prop_assert!(ends(&hours, starts) > starts);
            }
        }
    }
}
