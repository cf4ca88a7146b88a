//! How values read on a page. Templates call these; each is pure.

use chrono::{DateTime, Utc};
use kernel::money::Currency;

/// Two letters for an avatar: of the first and the last word, or of the only one.
pub fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let first = words.first().and_then(|word| word.chars().next());
    let last = if words.len() > 1 { words.last().and_then(|word| word.chars().next()) } else { None };
    let text: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if text.is_empty() { "?".to_owned() } else { text }
}

/// One of eight colours for an avatar, always the same for the same name.
pub fn hue(name: &str) -> u8 {
    (name.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) % 8) as u8
}

/// A whole number with thin separators: `12,480`.
pub fn count(number: impl Into<i64>) -> String {
    let number: i64 = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        out.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Money from minor units: `amount(1_248_000, "USD")` is `$12,480`; cents are shown below a hundred and rounded above.
pub fn amount(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "−" } else { "" };
    let digits = Currency::from_code(currency).map_or(2, Currency::digits);
    let unit = 10_i64.pow(digits);
    let (whole, rest) = (minor.saturating_abs() / unit, minor.saturating_abs() % unit);
    let places = digits as usize;
    let number = match whole {
        0..100 if rest != 0 => format!("{whole}.{rest:0places$}"),
        0..100 => count(whole),
        _ => count(whole + i64::from(rest * 2 >= unit)),
    };
    match currency {
        "USD" => format!("{sign}${number}"),
        "EUR" => format!("{sign}€{number}"),
        "GBP" => format!("{sign}£{number}"),
        other => format!("{sign}{number} {other}"),
    }
}

/// A share from 0 to 1 as a percentage: `0.384` is `38 %`.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A size: `1.4 MB`.
pub fn bytes_size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// An instant for `datetime`: RFC 3339 in UTC, to the second.
pub fn machine_time(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An instant for a person without script; `time.js` makes it relative and local.
pub fn clock_time(at: &DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// A day: `Thursday 19 November`.
pub fn day(at: &DateTime<Utc>) -> String {
    at.format("%A %-d %B").to_string()
}

/// Percent-encoded for a query value or a cookie; slashes stay readable.
pub fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(byte as char),
            _ => {
                out.push('%');
                out.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789ABCDEF"[usize::from(half)])));
            }
        }
    }
    out
}

/// Text with code in backquotes, cut at them: each piece and whether it is code.
pub fn marked(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split('`').enumerate().map(|(n, piece)| (n % 2 == 1, piece)).filter(|(_, piece)| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_shape_have_initials() {
        for (name, expected) in [("Dana Whitfield", "DW"), ("ünal", "Ü"), ("", "?"), ("📞 555", "5"), ("a-b c", "AC")]
        {
            assert_eq!(initials(name), expected, "{name}");
        }
        assert!(hue("anyone") < 8);
    }

    #[test]
    fn code_is_told_from_prose() {
        let pieces: Vec<_> = marked("`limit` is 1 to `100`").collect();
        assert_eq!(pieces, [(true, "limit"), (false, " is 1 to "), (true, "100")]);
    }

    #[test]
    fn numbers_are_grouped_and_signed() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(-999), "−999");
        assert_eq!(amount(1_248_000, "USD"), "$12,480");
        assert_eq!((amount(78_260, "USD"), amount(-78_249, "USD")), ("$783".to_owned(), "−$782".to_owned()));
        assert_eq!(amount(-1_250, "EUR"), "−€12.50");
        assert_eq!(amount(5_000, "SEK"), "50 SEK");
        assert_eq!((amount(1_500, "JPY"), amount(12_345, "KWD")), ("1,500 JPY".to_owned(), "12.345 KWD".to_owned()));
        assert_eq!(percent(0.384), "38 %");
        assert_eq!(bytes_size(1_400_000), "1.4 MB");
    }
}
