//! What a signal must be to be taken.

use chrono::{DateTime, Duration, Utc};
use connectors::signal::{Signal, SignalKind};
use kernel::money::Currency;
use serde_json::Value;

/// The longest data of a signal, as JSON text.
const LONGEST_DATA: usize = 8 * 1_024;
/// The largest amount, in minor units: what is over it is a slip of a unit.
const LARGEST: i64 = 1_000_000_000_000;

/// Whether a signal can be what a business saw; the reason is for a person.
pub fn check(signal: &Signal, now: DateTime<Utc>) -> Result<(), String> {
    name("external_id", &signal.external_id, 200)?;
    source(&signal.source)?;
    for (field, value) in [("location", &signal.location), ("contact", &signal.contact), ("lead", &signal.lead)] {
        if let Some(value) = value {
            name(field, value, 200)?;
        }
    }
    instant("at", signal.at, now, Duration::days(1))?;
    if let Some(money) = signal.value {
        amount(money.minor, money.currency)?;
    } else if matches!(signal.kind, SignalKind::Payment | SignalKind::Refund | SignalKind::AdSpend) {
        return Err(format!("value is required for {}", signal.kind.as_str()));
    }
    data(signal, now)
}

fn name(field: &str, value: &str, longest: usize) -> Result<(), String> {
    let length = value.chars().count();
    if value.trim().is_empty() || length > longest {
        return Err(format!("{field} must be 1 to {longest} characters"));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("{field} must not hold control characters"));
    }
    Ok(())
}

fn source(value: &str) -> Result<(), String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.');
    if (1..=64).contains(&value.len()) && value.bytes().all(fits) {
        return Ok(());
    }
    Err("source must be 1 to 64 characters of a–z, 0–9, `_`, `-` and `.`".to_owned())
}

fn instant(field: &str, at: DateTime<Utc>, now: DateTime<Utc>, ahead: Duration) -> Result<(), String> {
    // 1990-01-01: what lies before it is an empty date of some system, such as 1970.
    if at.timestamp() < 631_152_000 {
        return Err(format!("{field} lies before 1990"));
    }
    if at > now + ahead {
        return Err(format!("{field} lies in the future"));
    }
    Ok(())
}

fn amount(minor: i64, currency: Currency) -> Result<(), String> {
    if minor < 0 {
        return Err("value must not be negative; money that goes back is a refund".to_owned());
    }
    if minor > LARGEST {
        return Err("value is too large to be true".to_owned());
    }
    // XXX and XTS are codes for no currency and for testing.
    if matches!(currency.code(), "XXX" | "XTS") || !KNOWN.contains(&currency.code()) {
        return Err(format!("{} is not a currency", currency.code()));
    }
    Ok(())
}

fn data(signal: &Signal, now: DateTime<Utc>) -> Result<(), String> {
    if signal.data.is_empty() {
        return Ok(());
    }
    let text = serde_json::to_string(&signal.data).map_err(|_| "data is not JSON".to_owned())?;
    if text.len() > LONGEST_DATA {
        return Err("data must be at most 8 KiB".to_owned());
    }
    if text.contains("\\u0000") {
        return Err("data must not hold a NUL character".to_owned());
    }
    for (field, least, most) in [
        ("duration_s", 0.0, 86_400.0 * 7.0),
        ("rating", 1.0, 5.0),
        ("count", 0.0, 1e9),
        ("clicks", 0.0, 1e12),
        ("impressions", 0.0, 1e12),
        ("waited_s", 0.0, 86_400.0 * 366.0),
    ] {
        if let Some(value) = signal.data.get(field).filter(|value| !value.is_null())
            && !value.as_f64().is_some_and(|value| (least..=most).contains(&value))
        {
            return Err(format!("data.{field} must be a number from {least} to {most}"));
        }
    }
    if signal.kind == SignalKind::Review && signal.data.get("rating").and_then(Value::as_f64).is_none() {
        return Err("data.rating is required for review".to_owned());
    }
    for field in ["starts_at", "replied_at"] {
        if let Some(value) = signal.data.get(field).filter(|value| !value.is_null()) {
            let at: DateTime<Utc> = value
                .as_str()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| format!("data.{field} is not an instant"))?;
            // A booking is about the future; three years of it are enough.
            instant(&format!("data.{field}"), at, now, Duration::days(3 * 366))?;
        }
    }
    Ok(())
}

/// ISO 4217, without funds and metals.
const KNOWN: [&str; 155] = [
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF",
    "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC",
    "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS",
    "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD",
    "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL",
    "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD",
    "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD",
    "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP",
    "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED",
    "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
];

#[cfg(test)]
mod tests {
    use kernel::money::Money;
    use serde_json::json;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-01T12:00:00Z".parse().expect("an instant")
    }

    fn refused(change: impl FnOnce(&mut Signal)) -> String {
        let mut signal = Signal::new("csv", "1", SignalKind::Payment, now());
        signal.value = Some(Money::new(100, Currency::USD));
        assert_eq!(check(&signal, now()), Ok(()));
        change(&mut signal);
        check(&signal, now()).expect_err("it is refused")
    }

    #[test]
    fn absurd_signals_are_refused_with_a_reason() {
        assert!(refused(|s| s.at = DateTime::UNIX_EPOCH).contains("1990"));
        assert!(refused(|s| s.at = now() + Duration::days(2)).contains("future"));
        assert!(refused(|s| s.value = Some(Money::new(-1, Currency::USD))).contains("negative"));
        assert!(refused(|s| s.value = None).contains("required"));
        assert!(refused(|s| s.value = Currency::from_code("ABC").map(|c| Money::new(1, c))).contains("currency"));
        assert!(refused(|s| s.external_id = " ".into()).contains("external_id"));
        assert!(refused(|s| s.source = "Stripe".into()).contains("source"));
        assert!(refused(|s| s.contact = Some("a\u{0}b".into())).contains("control"));
        assert!(refused(|s| drop(s.data.insert("count".into(), json!(-3)))).contains("data.count"));
        assert!(refused(|s| drop(s.data.insert("x".into(), json!("y".repeat(9_000))))).contains("8 KiB"));
    }

    #[test]
    fn a_booking_may_start_later() {
        let mut booking = Signal::new("square", "1", SignalKind::Booking, now());
        booking.data.insert("starts_at".into(), json!("2027-02-01T09:00:00Z"));
        assert_eq!(check(&booking, now()), Ok(()));
    }
}
