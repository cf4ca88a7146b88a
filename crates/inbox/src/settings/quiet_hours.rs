//! Hours of the day in which the bot does not write, in a time zone.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// From one time of day to another; over midnight when `from` is later than `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// First quiet minute, `HH:MM`.
    #[schema(value_type = String, example = "21:00")]
    pub from: String,
    /// First minute after, `HH:MM`.
    #[schema(value_type = String, example = "08:00")]
    pub to: String,
    /// IANA name, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
}

fn utc() -> String {
    "UTC".into()
}

impl QuietHours {
    fn read(&self) -> Option<(NaiveTime, NaiveTime, Tz)> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
        Some((time(&self.from)?, time(&self.to)?, self.time_zone.parse().ok()?))
    }

    /// What is wrong with it.
    pub fn problem(&self) -> Option<String> {
        match self.read() {
            Some((from, to, _)) if from == to => {
                Some("from and to are the same; switch automatic answers off instead".into())
            }
            Some(_) => None,
            None => Some("from and to are HH:MM, time_zone is a name such as Europe/Berlin".into()),
        }
    }

    /// When the quiet that holds at an instant ends; `None` when it is not quiet.
    pub fn until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (from, to, zone) = self.read()?;
        let local = now.with_timezone(&zone);
        let time = local.time();
        let (quiet, next_day) =
            if from < to { (time >= from && time < to, false) } else { (time >= from || time < to, time >= from) };
        if !quiet {
            return None;
        }
        let day = local.date_naive() + TimeDelta::days(i64::from(next_day));
        // A time that the change to summer time skips begins with the hour after it.
        let end = (0..3)
            .find_map(|hours| (day.and_time(to) + TimeDelta::hours(hours)).and_local_timezone(zone).earliest())?;
        Some(end.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn hours(from: &str, to: &str, zone: &str) -> QuietHours {
        QuietHours { from: from.into(), to: to.into(), time_zone: zone.into() }
    }

    #[test]
    fn over_midnight_in_another_zone() {
        let quiet = hours("21:00", "08:00", "Europe/Berlin");
        assert_eq!(quiet.until(at("2026-01-10T19:59:00Z")), None);
        assert_eq!(quiet.until(at("2026-01-10T20:00:00Z")), Some(at("2026-01-11T07:00:00Z")));
        assert_eq!(quiet.until(at("2026-01-11T06:59:00Z")), Some(at("2026-01-11T07:00:00Z")));
        assert_eq!(quiet.until(at("2026-01-11T07:00:00Z")), None);
    }

    #[test]
    fn within_a_day_and_over_the_change_to_summer_time() {
        assert_eq!(hours("12:00", "13:00", "UTC").until(at("2026-01-10T12:30:00Z")), Some(at("2026-01-10T13:00:00Z")));
        // 02:30 does not exist on 29 March 2026 in Berlin: quiet ends at 03:30 local, 01:30 UTC.
        assert_eq!(
            hours("22:00", "02:30", "Europe/Berlin").until(at("2026-03-28T23:00:00Z")),
            Some(at("2026-03-29T01:30:00Z"))
        );
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(hours("25:00", "08:00", "UTC").problem().is_some());
        assert!(hours("21:00", "08:00", "Mars/Base").problem().is_some());
        assert!(hours("08:00", "08:00", "UTC").problem().is_some());
        assert!(hours("21:00", "08:00", "UTC").problem().is_none());
    }
}
