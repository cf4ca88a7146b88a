//! What records of all systems have in common when they become signals: instants, money, people, and the place a stream was read to.
//!
//! A rule a newcomer would break: money is read from the digits as they were written and never passes through a float's arithmetic;
//! an amount with more digits than its currency has is rejected, not rounded.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use kernel::money::{Currency, Money};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::source::{Cursor, Rejection, SourceError};
use crate::wire;

/// A record that is refused because of one field.
pub fn rejected(field: &str, reason: impl Into<String>) -> Rejection {
    Rejection { field: Some(field.to_owned()), reason: reason.into() }
}

/// The id in `field`, which may be a text or a number.
pub fn id(record: &Value, field: &str) -> Result<String, Rejection> {
    let id = wire::id(&record[field]).filter(|id| id.len() <= 120);
    id.ok_or_else(|| rejected(field, "the record has no id"))
}

/// An instant: RFC 3339, the same with an offset without a colon, or seconds or milliseconds since 1970.
pub fn moment(value: &Value) -> Option<DateTime<Utc>> {
    let Some(text) = value.as_str() else { return wire::instant(value) };
    let text = text.trim();
    let offset =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    if let Ok(at) = offset {
        return Some(at.with_timezone(&Utc));
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return day.and_hms_opt(0, 0, 0).map(|at| at.and_utc());
    }
    wire::instant(value)
}

/// A moment without an offset, as a place's own clock shows it.
pub fn local(value: &Value) -> Option<NaiveDateTime> {
    let text = value.as_str()?.trim();
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()
}

/// The instant in `field`.
pub fn moment_in(record: &Value, field: &str) -> Result<DateTime<Utc>, Rejection> {
    moment(&record[field]).ok_or_else(|| rejected(field, "the record does not say when it happened"))
}

/// A currency in letters of any case.
pub fn currency(value: &Value) -> Option<Currency> {
    Currency::from_code(&value.as_str()?.trim().to_ascii_uppercase())
}

/// An amount written in decimals, as text or as a number.
pub fn decimal(value: &Value, currency: Currency) -> Option<Money> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (negative, digits) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let places = currency.digits() as usize;
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !numeric(whole) || !numeric(part) || part.len() > places {
        return None;
    }
    let minor: i64 = format!("{whole}{part:0<places$}").parse().ok()?;
    Some(Money::new(if negative { -minor } else { minor }, currency))
}

/// The decimal amount in `field`.
pub fn decimal_in(record: &Value, field: &str, currency: Currency) -> Result<Money, Rejection> {
    decimal(&record[field], currency)
        .ok_or_else(|| rejected(field, format!("the amount is not one in {}: {}", currency.code(), record[field])))
}

/// An email address in lower case.
pub fn email(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim().to_lowercase();
    let (user, host) = text.split_once('@')?;
    let fits = !user.is_empty() && host.contains('.') && !text.contains(char::is_whitespace) && text.len() <= 254;
    fits.then_some(text)
}

/// A phone number in E.164; a national one with the calling code (`1`, `49`) of the place, where that is known.
pub fn phone(value: &Value, calling_code: Option<&str>) -> Option<String> {
    let text = value.as_str()?.trim();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = if text.starts_with('+') {
        digits
    } else if let Some(rest) = text.strip_prefix("00") {
        rest.chars().filter(char::is_ascii_digit).collect()
    } else {
        let code = calling_code?;
        match digits.strip_prefix('0') {
            Some(national) => format!("{code}{national}"),
            None if code == "1" && digits.len() == 11 && digits.starts_with('1') => digits,
            None => format!("{code}{digits}"),
        }
    };
    (8..=15).contains(&number.len()).then(|| format!("+{number}"))
}

/// The place a stream was read to; the beginning where nothing is kept.
pub fn place<T: DeserializeOwned + Default>(cursor: &Cursor) -> Result<T, SourceError> {
    if cursor.0.is_null() {
        return Ok(T::default());
    }
    serde_json::from_value(cursor.0.clone()).map_err(|error| {
        SourceError::Refused(format!(
            "the place this was read to is not one of this source; read it from the beginning: {error}"
        ))
    })
}

/// The cursor of a place.
pub fn cursor<T: Serialize>(place: &T) -> Result<Cursor, SourceError> {
    serde_json::to_value(place).map(Cursor).map_err(|error| SourceError::Malformed(error.to_string()))
}

/// The records in `field`.
pub fn records(answer: &mut Value, field: &str) -> Result<Vec<Value>, SourceError> {
    match answer.get_mut(field).map(Value::take) {
        Some(Value::Array(records)) => Ok(records),
        _ => Err(SourceError::Malformed(format!("the answer has no list `{field}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn decimals_are_exact() {
        let usd = |value: Value| decimal(&value, Currency::USD).map(|money| money.minor);
        assert_eq!(usd(json!("103.50")), Some(10_350));
        assert_eq!(usd(json!("-0.05")), Some(-5));
        assert_eq!(usd(json!("7")), Some(700));
        assert_eq!(usd(json!(150.0)), Some(15_000));
        assert_eq!(usd(json!(0.29)), Some(29), "no float arithmetic");
        assert_eq!(usd(json!("10.500000")), Some(1_050));
        for wrong in [
            json!("10.005"),
            json!("1,5"),
            json!("1e3"),
            json!(""),
            json!("."),
            json!(null),
            json!("99999999999999999999"),
        ] {
            assert_eq!(usd(wrong.clone()), None, "{wrong}");
        }
        let yen = Currency::from_code("JPY").expect("a code");
        assert_eq!(decimal(&json!("1500.00"), yen).map(|money| money.minor), Some(1_500));
        assert_eq!(decimal(&json!("1500.5"), yen), None);
        let dinar = Currency::from_code("KWD").expect("a code");
        assert_eq!(decimal(&json!("1.5"), dinar).map(|money| money.minor), Some(1_500));
    }

    #[test]
    fn people_are_known_by_one_writing() {
        assert_eq!(email(&json!(" Ana@Example.COM ")).as_deref(), Some("ana@example.com"));
        assert_eq!(email(&json!("not an address")), None);
        assert_eq!(phone(&json!("+1 (214) 555-0123"), None).as_deref(), Some("+12145550123"));
        assert_eq!(phone(&json!("2145550123"), None), None, "which country is never guessed");
        assert_eq!(phone(&json!("2145550123"), Some("1")).as_deref(), Some("+12145550123"));
        assert_eq!(phone(&json!("1 214 555 0123"), Some("1")).as_deref(), Some("+12145550123"));
        assert_eq!(phone(&json!("030 1234567"), Some("49")).as_deref(), Some("+49301234567"));
        assert_eq!(phone(&json!("0049 30 1234567"), None).as_deref(), Some("+49301234567"));
        assert_eq!(phone(&json!("12"), Some("1")), None);
    }

    #[test]
    fn instants_of_all_systems_are_read() {
        for text in ["2026-10-01T09:12:28-04:00", "2026-10-01T13:12:28.000+0000", "2026-10-01T13:12:28Z", "1790860348"]
        {
            assert_eq!(moment(&json!(text)).map(|at| at.timestamp()), Some(1_790_860_348), "{text}");
        }
        assert_eq!(moment(&json!(1_790_860_348)).map(|at| at.timestamp()), Some(1_790_860_348));
        assert_eq!(
            moment(&json!("2026-10-01")).map(|at| at.to_rfc3339()).as_deref(),
            Some("2026-10-01T00:00:00+00:00")
        );
        assert_eq!(moment(&json!("yesterday")), None);
        assert!(local(&json!("2026-10-05T14:00:00")).is_some() && local(&json!("2026-10-05T14:00:00Z")).is_none());
    }
}
