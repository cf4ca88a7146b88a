//! Days that somebody names: a calendar knows more of them than PostgreSQL and sums over days can take.

use chrono::{Datelike, NaiveDate};

use crate::AppError;

/// A day of a field, when it lies in the years 1970 to 2999.
///
/// # Errors
/// 422 for any other: it is a slip, and days could not be counted from it.
pub fn known_day(field: &str, day: NaiveDate) -> Result<NaiveDate, AppError> {
    if (1970..=2999).contains(&day.year()) {
        return Ok(day);
    }
    Err(AppError::field(field, "is a day of the years 1970 to 2999"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_at_the_ends_of_the_calendar_are_refused() {
        let day = |text: &str| -> NaiveDate { text.parse().expect("a day") };
        assert_eq!(known_day("to", day("2026-03-31")).ok(), Some(day("2026-03-31")));
        for odd in [NaiveDate::MIN, NaiveDate::MAX, day("1969-12-31"), day("3000-01-01")] {
            assert_eq!(known_day("to", odd).expect_err("refused").details()[0].field, "to", "{odd}");
        }
    }
}
