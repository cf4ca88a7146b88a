//! Dates and times as people and programs write them.
//!
//! A date of three numbers can be in two orders (`03/04/2026`). The order is known when the year comes first, or when a value of
//! the column leaves only one; otherwise it is asked. A local time that clocks skipped does not exist; one that they showed twice
//! is the first of the two.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The order of day, month and year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// 2026-04-03.
    Ymd,
    /// 03.04.2026 is in April.
    Dmy,
    /// 04/03/2026 is in April.
    Mdy,
}

/// Which orders a value allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Whether it can be year, month, day.
    pub ymd: bool,
    /// Whether it can be day, month, year.
    pub dmy: bool,
    /// Whether it can be month, day, year.
    pub mdy: bool,
}

/// Nothing earlier is believed: it is an empty cell that some program wrote as its epoch.
const EARLIEST_YEAR: i32 = 2000;
/// How far in the future something may have happened: clocks differ.
const AHEAD: TimeDelta = TimeDelta::days(1);
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The pieces of a value: its date, what comes after it, and whether the date is in words or begins with the year.
struct Pieces<'a> {
    numbers: [u32; 3],
    rest: &'a str,
    /// The order, where the writing leaves no doubt.
    sure: Option<DateOrder>,
}

/// Which orders a value could have; none when it is no date of numbers.
pub fn orders(text: &str) -> Option<Orders> {
    let text = text.trim();
    if epoch(text).is_some() {
        return None;
    }
    let Pieces { numbers, sure, .. } = pieces(text)?;
    let mut orders = Orders::default();
    for (order, allowed) in
        [(DateOrder::Ymd, &mut orders.ymd), (DateOrder::Dmy, &mut orders.dmy), (DateOrder::Mdy, &mut orders.mdy)]
    {
        *allowed = sure.is_none_or(|sure| sure == order) && date(numbers, order).is_some();
    }
    Some(orders)
}

/// Whether a value says its own offset from UTC, or is an instant by itself.
pub fn has_offset(text: &str) -> bool {
    let text = text.trim();
    epoch(text).is_some()
        || pieces(text).is_some_and(|pieces| time(pieces.rest).is_some_and(|(_, offset)| offset.is_some()))
}

/// The instant of a value, or why there is none, for a person.
pub fn instant(text: &str, order: Option<DateOrder>, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    let at = match fast(text) {
        Some(at) => at,
        None => slow(text, order, zone)?,
    };
    if at > now + AHEAD {
        return Err(format!("is in the future ({})", at.format("%Y-%m-%d")));
    }
    if at.date_naive() < NaiveDate::from_ymd_opt(EARLIEST_YEAR, 1, 1).unwrap_or_default() {
        return Err(format!(
            "is before {EARLIEST_YEAR} ({}): an empty date of the program that wrote it",
            at.format("%Y-%m-%d")
        ));
    }
    Ok(at)
}

/// `2026-04-03T12:30:00Z`, the usual one of programs.
fn fast(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    if bytes.len() != 20 || bytes[10] != b'T' || bytes[19] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .try_fold(0_u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
    };
    let day = NaiveDate::from_ymd_opt(number(0, 4)? as i32, number(5, 7)?, number(8, 10)?)?;
    Some(day.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?.and_utc())
}

fn slow(text: &str, order: Option<DateOrder>, zone: Tz) -> Result<DateTime<Utc>, String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if let Some(at) = epoch(text) {
        return Ok(at);
    }
    let Pieces { numbers, rest, sure } = pieces(text).ok_or("is not a date")?;
    let order = match (sure, order) {
        (Some(sure), _) => sure,
        (None, Some(order)) => order,
        (None, None) => return Err("can be read in two orders of day and month; say which".to_owned()),
    };
    let day = date(numbers, order).ok_or_else(|| format!("is not a date in the order {}", words(order)))?;
    let (clock, offset) = time(rest).ok_or("has a time that cannot be read")?;
    let local = NaiveDateTime::new(day, clock);
    if let Some(offset) = offset {
        return local.checked_sub_signed(offset).map(|at| at.and_utc()).ok_or_else(|| "is not a date".to_owned());
    }
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.with_timezone(&Utc)),
        LocalResult::None => Err(format!("did not exist in {zone}: clocks went forward over it")),
    }
}

/// The order in words.
pub fn words(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Ymd => "year, month, day",
        DateOrder::Dmy => "day, month, year",
        DateOrder::Mdy => "month, day, year",
    }
}

/// Seconds or milliseconds since 1970, as programs write them.
fn epoch(text: &str) -> Option<DateTime<Utc>> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match text.len() {
        9 | 10 => DateTime::from_timestamp(text.parse().ok()?, 0),
        12 | 13 => DateTime::from_timestamp_millis(text.parse().ok()?),
        _ => None,
    }
}

/// Splits a value into three numbers and what comes after them.
fn pieces(text: &str) -> Option<Pieces<'_>> {
    let bytes = text.as_bytes();
    // 20260403, with or without a time after it.
    let leading = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if leading == 8 {
        let number = |range: std::ops::Range<usize>| text.get(range)?.parse().ok();
        let numbers = [number(0..4)?, number(4..6)?, number(6..8)?];
        return Some(Pieces { numbers, rest: &text[8..], sure: Some(DateOrder::Ymd) });
    }
    let mut numbers = [0_u32; 3];
    let mut widths = [0_usize; 3];
    let mut month_at = None;
    let mut at = 0;
    for place in 0..3 {
        let start = at;
        if bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            while bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
                at += 1;
            }
            let word = text.get(start..at)?.to_ascii_lowercase();
            let known = MONTHS.iter().position(|month| word.starts_with(month))?;
            numbers[place] = known as u32 + 1;
            if month_at.replace(place).is_some() {
                return None;
            }
        } else {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) && at - start < 5 {
                at += 1;
            }
            numbers[place] = text.get(start..at)?.parse().ok()?;
            widths[place] = at - start;
        }
        if place < 2 {
            let before = at;
            while bytes.get(at).is_some_and(|byte| matches!(byte, b'-' | b'/' | b'.' | b' ' | b',')) {
                at += 1;
            }
            if at == before {
                return None;
            }
        }
    }
    let sure = match month_at {
        Some(0) => Some(DateOrder::Mdy),
        Some(1) if widths[0] == 4 => Some(DateOrder::Ymd),
        Some(1) => Some(DateOrder::Dmy),
        Some(_) => return None,
        None => (widths[0] == 4).then_some(DateOrder::Ymd),
    };
    Some(Pieces { numbers, rest: text.get(at..)?, sure })
}

fn date([first, second, third]: [u32; 3], order: DateOrder) -> Option<NaiveDate> {
    let (year, month, day) = match order {
        DateOrder::Ymd => (first, second, third),
        DateOrder::Dmy => (third, second, first),
        DateOrder::Mdy => (third, first, second),
    };
    // Two digits are of this century; the year is never between.
    let year = match year {
        0..=99 => 2_000 + year,
        1_900..=9_999 => year,
        _ => return None,
    };
    NaiveDate::from_ymd_opt(year as i32, month, day)
}

/// The time and the offset of what comes after a date; midnight when nothing comes.
fn time(rest: &str) -> Option<(NaiveTime, Option<TimeDelta>)> {
    let rest = rest.trim_start_matches(['T', 't', ',']).trim();
    if rest.is_empty() {
        return Some((NaiveTime::MIN, None));
    }
    let (clock, zone) = match rest
        .find(['Z', 'z', '+'])
        .or_else(|| rest.rfind('-'))
        .or_else(|| rest.find("UTC"))
        .or_else(|| rest.find("GMT"))
    {
        Some(at) => (rest[..at].trim(), rest[at..].trim()),
        None => (rest, ""),
    };
    let lower = clock.to_ascii_lowercase();
    let (digits, half) = match lower.strip_suffix("am").or_else(|| lower.strip_suffix("a.m.")) {
        Some(digits) => (digits.trim(), Some(0)),
        None => match lower.strip_suffix("pm").or_else(|| lower.strip_suffix("p.m.")) {
            Some(digits) => (digits.trim(), Some(12)),
            None => (lower.as_str(), None),
        },
    };
    let mut parts = digits.splitn(3, ':');
    let hour: u32 = parts.next()?.parse().ok()?;
    let minute: u32 = parts.next().map_or(Some(0), |part| part.parse().ok())?;
    let (second, micros) = match parts.next() {
        None => (0, 0),
        Some(part) => {
            let (whole, fraction) = part.split_once(['.', ',']).unwrap_or((part, ""));
            let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
            (whole.parse().ok()?, if fraction.is_empty() { 0 } else { digits.parse().ok()? })
        }
    };
    let hour = match half {
        Some(add) if (1..=12).contains(&hour) => hour % 12 + add,
        Some(_) => return None,
        None => hour,
    };
    Some((NaiveTime::from_hms_micro_opt(hour, minute, second, micros)?, offset(zone)?))
}

#[expect(clippy::option_option, reason = "no offset and one that cannot be read are two things")]
fn offset(zone: &str) -> Option<Option<TimeDelta>> {
    match zone {
        "" => return Some(None),
        "Z" | "z" | "UTC" | "GMT" => return Some(Some(TimeDelta::zero())),
        _ => {}
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.get(1..)?.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then(|| Some(TimeDelta::minutes(sign * (hours * 60 + minutes))))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Berlin;
    use chrono_tz::UTC;
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).expect("a valid instant")
    }

    fn read(text: &str, order: Option<DateOrder>) -> Result<String, String> {
        instant(text, order, UTC, now()).map(|at| at.format("%Y-%m-%dT%H:%M:%S%.f").to_string())
    }

    #[test]
    fn what_leaves_no_doubt_needs_no_order() {
        for (text, expected) in [
            ("2026-04-03T12:30:00Z", "2026-04-03T12:30:00"),
            ("2026-04-03", "2026-04-03T00:00:00"),
            ("2026/4/3 7:05", "2026-04-03T07:05:00"),
            ("20260403", "2026-04-03T00:00:00"),
            ("2026-04-03T12:30:00+02:00", "2026-04-03T10:30:00"),
            ("2026-04-03 12:30:00.250 -0500", "2026-04-03T17:30:00.250"),
            ("3 Apr 2026, 1:15 PM", "2026-04-03T13:15:00"),
            ("April 3, 2026 12:00 am", "2026-04-03T00:00:00"),
            ("03-Apr-26", "2026-04-03T00:00:00"),
            ("1775217600", "2026-04-03T12:00:00"),
            ("1775217600000", "2026-04-03T12:00:00"),
        ] {
            assert_eq!(read(text, None).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn day_and_month_are_never_guessed() {
        assert!(read("03/04/2026", None).expect_err("two orders").contains("two orders"));
        assert_eq!(read("03/04/2026", Some(DateOrder::Dmy)).as_deref(), Ok("2026-04-03T00:00:00"));
        assert_eq!(read("03/04/2026", Some(DateOrder::Mdy)).as_deref(), Ok("2026-03-04T00:00:00"));
        assert!(read("25/04/2026", Some(DateOrder::Mdy)).is_err());
        assert_eq!(orders("25.4.2026"), Some(Orders { ymd: false, dmy: true, mdy: false }));
        assert_eq!(orders("3.4.2026"), Some(Orders { ymd: false, dmy: true, mdy: true }));
        assert_eq!(orders("03.04.05"), Some(Orders { ymd: true, dmy: true, mdy: true }));
        assert_eq!(orders("2026-04-03"), Some(Orders { ymd: true, dmy: false, mdy: false }));
        assert_eq!(orders("hello"), None);
    }

    #[test]
    fn clocks_that_change_are_minded() {
        let berlin = |text: &str| instant(text, None, Berlin, now());
        assert!(berlin("2026-03-29 02:30").expect_err("skipped").contains("did not exist"));
        assert_eq!(berlin("2025-10-26 02:30").expect("twice").to_rfc3339(), "2025-10-26T00:30:00+00:00");
        assert_eq!(berlin("2026-07-01 12:00").expect("summer").to_rfc3339(), "2026-07-01T10:00:00+00:00");
        assert!(has_offset("2026-07-01T12:00:00Z") && has_offset("1775217600") && !has_offset("2026-07-01 12:00"));
    }

    #[test]
    fn empty_dates_of_programs_and_the_future_are_refused() {
        for text in ["1970-01-01", "0", "1899-12-30", "2120-01-01", "", "99/99/9999", "31.02.2026", "2026-13-01"] {
            assert!(read(text, Some(DateOrder::Dmy)).is_err(), "{text}");
        }
        assert!(read("1970-01-01", None).expect_err("epoch").contains("before 2000"));
        assert!(read("2120-01-01", None).expect_err("future").contains("future"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_never_panics(text in "\\PC{0,40}") {
            drop(instant(&text, Some(DateOrder::Dmy), Berlin, now()));
            prop_assert!(orders(&text).is_none() || text.bytes().any(|byte| byte.is_ascii_digit()));
        }

        #[test]
        fn what_is_written_is_read_back(seconds in 946_684_800_i64..1_790_000_000) {
            let at = DateTime::from_timestamp(seconds, 0).expect("a valid instant");
            for form in ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%d %b %Y %I:%M:%S %p", "%Y%m%d %H:%M:%S"] {
                prop_assert_eq!(instant(&at.format(form).to_string(), None, UTC, now()), Ok(at), "{}", form);
            }
            let german = at.format("%d.%m.%Y %H:%M:%S").to_string();
            prop_assert_eq!(instant(&german, Some(DateOrder::Dmy), UTC, now()), Ok(at));
        }
    }
}
