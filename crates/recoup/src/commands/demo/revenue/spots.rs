//! Northwind's three places: when they are open, how many people call and write, and how fast each answers.

use chrono::{Datelike, NaiveDate, Weekday};

/// One place of business.
pub struct Spot {
    /// Its name, which is its key too.
    pub name: &'static str,
    /// A name of the time zone database.
    pub zone: &'static str,
    /// Bookings a month it can take.
    pub capacity: i32,
    /// Opening hours in minutes after midnight, from Monday; none for a closed day.
    pub hours: [Option<(u32, u32)>; 7],
    /// Calls of an open day, on average.
    pub calls: f64,
    /// Forms and messages of any day, on average.
    pub forms: f64,
    /// The share of calls that nobody answers.
    pub missed: f64,
    /// Minutes until half of the forms are answered.
    pub answers_in: f64,
    /// The share of forms that nobody ever answers.
    pub silent: f64,
    /// Whether somebody looks at forms while it is closed; otherwise they wait for the next opening.
    pub watches: bool,
}

const LONG: Option<(u32, u32)> = Some((8 * 60, 19 * 60));
const USUAL: Option<(u32, u32)> = Some((9 * 60, 18 * 60));
const LATE: Option<(u32, u32)> = Some((10 * 60, 18 * 60));

/// The places; hours are those of the handbook.
pub static SPOTS: [Spot; 3] = [
    Spot {
        name: "Downtown",
        zone: "America/New_York",
        capacity: 520,
        hours: [LONG, LONG, LONG, LONG, LONG, Some((9 * 60, 14 * 60)), None],
        calls: 20.0,
        forms: 6.0,
        missed: 0.17,
        answers_in: 5.0,
        silent: 0.03,
        watches: true,
    },
    // Nobody looks at the forms of a weekend before Monday.
    Spot {
        name: "Riverside",
        zone: "America/New_York",
        capacity: 340,
        hours: [USUAL, USUAL, USUAL, USUAL, Some((9 * 60, 15 * 60)), None, None],
        calls: 13.0,
        forms: 4.0,
        missed: 0.22,
        answers_in: 38.0,
        silent: 0.07,
        watches: false,
    },
    Spot {
        name: "Hillcrest",
        zone: "America/Chicago",
        capacity: 280,
        hours: [None, LATE, LATE, LATE, LATE, LATE, None],
        calls: 11.0,
        forms: 5.0,
        missed: 0.19,
        answers_in: 14.0,
        silent: 0.05,
        watches: true,
    },
];

/// The place whose telephone was dead for two days.
pub const DEAD_LINE: &str = "Downtown";

impl Spot {
    /// When it is open on a day.
    pub fn open(&self, day: NaiveDate) -> Option<(u32, u32)> {
        self.hours[day.weekday().num_days_from_monday() as usize]
    }
}

/// The two days on which the line was dead: the latest two weekdays in a row that end about two weeks before `today`.
pub fn dead_days(today: NaiveDate) -> [NaiveDate; 2] {
    let busy = |day: NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let mut second = today - chrono::Days::new(13);
    while !(busy(second) && busy(second - chrono::Days::new(1))) {
        second = second - chrono::Days::new(1);
    }
    [second - chrono::Days::new(1), second]
}

/// What people come for: the price in cents, and how many of a hundred want it. Most pay little, a few pay much.
pub const WISHES: [(&str, i64, u32); 8] = [
    ("Check-up with cleaning", 14_000, 50),
    ("Filling", 21_000, 17),
    ("Teeth whitening", 32_000, 12),
    ("Lip filler", 45_000, 8),
    ("Crown", 118_000, 5),
    ("Veneers", 294_000, 3),
    ("Aligners", 390_000, 3),
    ("Dental implant", 265_000, 2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_days_are_two_weekdays_about_two_weeks_ago() {
        let mut today = NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day");
        for _ in 0..21 {
            let [first, second] = dead_days(today);
            assert_eq!(first.succ_opt(), Some(second));
            assert!(
                SPOTS[0].open(first).is_some() && first.weekday() != Weekday::Sat && second.weekday() != Weekday::Sat
            );
            assert!((13..=16).contains(&(today - second).num_days()), "{today}: {second}");
            today = today + chrono::Days::new(1);
        }
    }

    #[test]
    fn wishes_add_up_to_a_hundred() {
        assert_eq!(WISHES.iter().map(|(.., share)| share).sum::<u32>(), 100);
    }
}
