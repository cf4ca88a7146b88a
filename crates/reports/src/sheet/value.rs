//! A figure or a word in a report, and how it reads.

use chrono::NaiveDate;
use kernel::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use shell::page::count;

use crate::figures::Unit;

/// A cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Value {
    /// Not known, or too little data.
    Missing,
    /// Words.
    Words(String),
    /// A day.
    Day(NaiveDate),
    /// Things.
    Count(i64),
    /// Minor units.
    Money(i64),
    /// Seconds.
    Seconds(f64),
    /// Points of a score.
    Points(f64),
    /// A part of one.
    Share(f64),
    /// Stars.
    Rating(f64),
}

impl Value {
    /// A figure in a unit; missing when it is not known or no number.
    pub(crate) fn of(unit: Unit, value: Option<f64>) -> Self {
        match value.filter(|value| value.is_finite()) {
            None => Self::Missing,
            Some(value) => match unit {
                Unit::Count => Self::Count(value.round() as i64),
                Unit::Money => Self::Money(value.round() as i64),
                Unit::Seconds => Self::Seconds(value),
                Unit::Points => Self::Points(value),
                Unit::Share => Self::Share(value),
                Unit::Rating => Self::Rating(value),
            },
        }
    }

    /// The figure as a number; none for words.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Missing | Self::Words(_) | Self::Day(_) => None,
            Self::Count(value) | Self::Money(value) => Some(*value as f64),
            Self::Seconds(value) | Self::Points(value) | Self::Share(value) | Self::Rating(value) => Some(*value),
        }
    }

    pub(crate) fn unit(&self) -> Option<Unit> {
        match self {
            Self::Missing | Self::Words(_) | Self::Day(_) => None,
            Self::Count(_) => Some(Unit::Count),
            Self::Money(_) => Some(Unit::Money),
            Self::Seconds(_) => Some(Unit::Seconds),
            Self::Points(_) => Some(Unit::Points),
            Self::Share(_) => Some(Unit::Share),
            Self::Rating(_) => Some(Unit::Rating),
        }
    }

    /// For a program.
    pub(crate) fn json(&self) -> Json {
        match self {
            Self::Missing => Json::Null,
            Self::Words(text) => json!(text),
            Self::Day(day) => json!(day),
            Self::Count(value) | Self::Money(value) => json!(value),
            Self::Seconds(value) | Self::Points(value) | Self::Share(value) | Self::Rating(value) => json!(value),
        }
    }

    /// For a person.
    pub(crate) fn words(&self, currency: &str) -> String {
        match self {
            Self::Missing => "–".to_owned(),
            Self::Words(text) => text.clone(),
            Self::Day(day) => day.format("%-d %b %Y").to_string(),
            Self::Count(value) => count(*value),
            Self::Money(value) => money(*value, currency),
            Self::Seconds(value) => duration(*value),
            Self::Points(value) => format!("{value:.0}").replace('-', "−"),
            Self::Share(value) => shell::page::percent(*value).replace('-', "−"),
            Self::Rating(value) => format!("{value:.1}").replace('-', "−"),
        }
    }

    /// For a spreadsheet or a program that reads text: no separators, money in whole units.
    pub(crate) fn plain(&self, currency: &str) -> String {
        match self {
            Self::Missing => String::new(),
            Self::Words(text) => text.clone(),
            Self::Day(day) => day.to_string(),
            Self::Count(value) => value.to_string(),
            Self::Money(value) => {
                let digits = digits(currency) as usize;
                format!("{:.digits$}", *value as f64 / 10_f64.powi(digits as i32))
            }
            Self::Seconds(value) => format!("{value:.0}"),
            Self::Points(value) => format!("{value:.1}"),
            Self::Share(value) => format!("{value:.4}"),
            Self::Rating(value) => format!("{value:.2}"),
        }
    }
}

/// A change with its sign: `+€1,120`, `−4`; empty when it is missing.
pub(crate) fn change_words(change: &Value, currency: &str) -> String {
    match change.number() {
        None => String::new(),
        Some(0.0) => "no change".to_owned(),
        Some(value) if value > 0.0 => format!("+{}", change.words(currency)),
        Some(_) => change.words(currency),
    }
}

/// Digits of a currency after the point.
pub(super) fn digits(currency: &str) -> u32 {
    Currency::from_code(currency).map_or(2, Currency::digits)
}

/// Money from minor units: `€12,480`; the digits after the point are shown below a hundred and rounded above, as on every page.
pub(crate) fn money(minor: i64, currency: &str) -> String {
    let digits = digits(currency);
    let one = 10_u64.pow(digits);
    let (whole, rest) = (minor.unsigned_abs() / one, minor.unsigned_abs() % one);
    let number = match whole {
        0..100 if rest != 0 => format!("{whole}.{rest:0width$}", width = digits as usize),
        0..100 => whole.to_string(),
        _ => count(i64::try_from(whole + u64::from(rest * 2 >= one)).unwrap_or(i64::MAX)),
    };
    let sign = if minor < 0 { "−" } else { "" };
    match currency {
        "USD" => format!("{sign}${number}"),
        "EUR" => format!("{sign}€{number}"),
        "GBP" => format!("{sign}£{number}"),
        "JPY" => format!("{sign}¥{number}"),
        other => format!("{sign}{number} {other}"),
    }
}

/// A length of time in one or two units: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
fn duration(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "−" } else { "" };
    let whole = seconds.abs().round() as u64;
    let (minutes, hours, days) = (whole / 60, whole / 3_600, whole / 86_400);
    let text = match whole {
        0..120 => format!("{whole} s"),
        120..7_200 => format!("{minutes} min"),
        7_200..172_800 => two(hours, "h", minutes % 60, "min"),
        _ => two(days, "d", hours % 24, "h"),
    };
    format!("{sign}{text}")
}

fn two(first: u64, unit: &str, second: u64, smaller: &str) -> String {
    if second == 0 { format!("{first} {unit}") } else { format!("{first} {unit} {second} {smaller}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_in_their_unit_and_what_is_missing_is_not_zero() {
        let read = |value: Value| value.words("EUR");
        assert_eq!(read(Value::Money(1_248_000)), "€12,480");
        assert_eq!(read(Value::Money(-1_250)), "−€12.50");
        assert_eq!(read(Value::Seconds(45.0)), "45 s");
        assert_eq!(read(Value::Seconds(760.0)), "12 min");
        assert_eq!(read(Value::Seconds(12_000.0)), "3 h 20 min");
        assert_eq!(read(Value::Seconds(187_200.0)), "2 d 4 h");
        assert_eq!(read(Value::Points(71.6)), "72");
        assert_eq!(read(Value::Share(0.384)), "38 %");
        assert_eq!(read(Value::of(Unit::Money, None)), "–");
        assert_eq!(read(Value::of(Unit::Points, Some(f64::NAN))), "–");
        assert_eq!(money(1_500, "JPY"), "¥1,500");
        assert_eq!(money(1_234_567, "KWD"), "1,235 KWD");
        assert_eq!((money(78_260, "USD"), money(78_249, "USD")), ("$783".to_owned(), "$782".to_owned()));
    }

    #[test]
    fn changes_carry_their_sign_and_files_carry_plain_numbers() {
        assert_eq!(change_words(&Value::Money(112_000), "EUR"), "+€1,120");
        assert_eq!(change_words(&Value::Points(-4.0), "EUR"), "−4");
        assert_eq!(change_words(&Value::Missing, "EUR"), "");
        assert_eq!(change_words(&Value::Count(0), "EUR"), "no change");
        assert_eq!(Value::Money(1_248_005).plain("EUR"), "12480.05");
        assert_eq!(Value::Money(1_500).plain("JPY"), "1500");
        assert_eq!(Value::Missing.plain("EUR"), "");
    }
}
