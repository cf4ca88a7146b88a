//! Which days are looked at, of which place and source, and with which they are compared.

use chrono::{Days, NaiveDate};
use kernel::ids::LocationId;
use serde::Deserialize;
use shell::page::url_encoded;
use shell::{AppError, known_day};
use utoipa::IntoParams;

use crate::pages::placed;

/// The most days that are looked at once.
const MOST: u64 = 731;

/// What is asked for in the address.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Look {
    /// The first day; 27 days before the last one when absent.
    #[param(value_type = Option<String>, example = "2026-03-01")]
    pub from: String,
    /// The last day, included; today when absent.
    #[param(value_type = Option<String>, example = "2026-03-31")]
    pub to: String,
    /// `previous` (as it is without) for as many days before, `year` for the same days a year before, `none`.
    #[param(value_type = Option<String>)]
    pub compare: String,
    /// One location alone.
    #[param(value_type = Option<String>)]
    pub location: String,
    /// One source alone.
    #[param(value_type = Option<String>)]
    pub source: String,
}

/// The days, read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Period {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The days it is compared with.
    pub before: Option<(NaiveDate, NaiveDate)>,
    pub location: Option<LocationId>,
    pub source: Option<String>,
}

impl Look {
    /// Reads it as of a day.
    pub(crate) fn read(&self, today: NaiveDate) -> Result<Period, AppError> {
        let read = |field: &str, text: &str| {
            let day = text.parse::<NaiveDate>();
            day.map_err(|_| AppError::field(field, "is not a day such as 2026-03-31"))
                .and_then(|day| known_day(field, day))
        };
        let to = if self.to.is_empty() { today } else { read("to", &self.to)? };
        let from = if self.from.is_empty() { to - Days::new(27) } else { read("from", &self.from)? };
        if from > to {
            return Err(AppError::field("from", "comes after the last day"));
        }
        let days = (to - from).num_days() as u64 + 1;
        if days > MOST {
            return Err(AppError::field("from", "lies more than two years before the last day"));
        }
        let before = match self.compare.as_str() {
            "" | "previous" => Some((from - Days::new(days), from - Days::new(1))),
            "year" => Some((from - Days::new(364), to - Days::new(364))),
            "none" => None,
            _ => return Err(AppError::field("compare", "is previous, year or none")),
        };
        let source = Some(self.source.trim().to_owned()).filter(|source| !source.is_empty());
        Ok(Period { from, to, before, location: placed(&self.location)?, source })
    }

    /// The query of an address with these choices; begins with `?` or is empty.
    pub(crate) fn query(&self) -> String {
        let pairs = [
            ("from", &self.from),
            ("to", &self.to),
            ("compare", &self.compare),
            ("location", &self.location),
            ("source", &self.source),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let text: Vec<String> = given.map(|(name, value)| format!("{name}={}", url_encoded(value))).collect();
        if text.is_empty() { String::new() } else { format!("?{}", text.join("&")) }
    }
}

impl Period {
    /// Every day of it.
    pub(crate) fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let to = self.to;
        self.from.iter_days().take_while(move |day| *day <= to)
    }

    /// The day that a day is compared with.
    pub(crate) fn day_before(&self, day: NaiveDate) -> Option<NaiveDate> {
        let (from, _) = self.before?;
        Some(from + Days::new((day - self.from).num_days() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn days_are_compared_with_as_many_before_and_wrong_ones_are_named() {
        let today = day("2026-03-31");
        let period = Look::default().read(today).expect("days");
        assert_eq!((period.from, period.to), (day("2026-03-04"), today));
        assert_eq!(period.before, Some((day("2026-02-04"), day("2026-03-03"))));
        assert_eq!(period.day_before(today), Some(day("2026-03-03")));
        assert_eq!(period.days().count(), 28);
        let year = Look { compare: "year".into(), ..Look::default() }.read(today).expect("days");
        assert_eq!(year.before.map(|(from, _)| from), Some(day("2025-03-05")), "the same day of the week");
        for (field, look) in [
            ("from", Look { from: "2026-04-01".into(), ..Look::default() }),
            ("from", Look { from: "2020-01-01".into(), ..Look::default() }),
            ("to", Look { to: "soon".into(), ..Look::default() }),
            ("to", Look { to: "-262143-01-01".into(), ..Look::default() }),
            ("to", Look { to: "+262142-12-31".into(), ..Look::default() }),
            ("compare", Look { compare: "never".into(), ..Look::default() }),
            ("location", Look { location: "x".into(), ..Look::default() }),
        ] {
            assert_eq!(look.read(today).expect_err(field).details()[0].field, field);
        }
    }

    #[test]
    fn the_address_carries_the_choices() {
        let look = Look { from: "2026-03-01".into(), source: "a b".into(), ..Look::default() };
        assert_eq!(look.query(), "?from=2026-03-01&source=a%20b");
        assert_eq!(Look::default().query(), "");
    }
}
