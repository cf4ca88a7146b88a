//! Money as other systems write it, made minor units exactly.

use kernel::money::{Currency, Money};

/// Millionths of a currency as minor units, halves rounded away from zero; `None` when it does not fit.
pub fn micros(amount: i64, currency: Currency) -> Option<Money> {
    let scaled = i128::from(amount) * 10_i128.pow(currency.digits());
    Some(Money::new(i64::try_from(rounded(scaled, 1_000_000)).ok()?, currency))
}

/// A decimal such as `123.45` or `-0.5` as minor units, halves of a further digit rounded away from zero; `None` when it is no
/// decimal or does not fit.
pub fn decimal(text: &str, currency: Currency) -> Option<Money> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !all_digits(whole) || !all_digits(part) || digits.len() > 30 {
        return None;
    }
    let scale = 10_i128.checked_pow(part.len() as u32)?;
    let units: i128 = format!("0{whole}{part}").parse().ok()?;
    let scaled = units.checked_mul(10_i128.pow(currency.digits()))?;
    let minor = i64::try_from(rounded(scaled, scale)).ok()?;
    Some(Money::new(if negative { -minor } else { minor }, currency))
}

fn rounded(value: i128, by: i128) -> i128 {
    let half = by / 2;
    if value < 0 { (value - half) / by } else { (value + half) / by }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(money: Option<Money>) -> Option<i64> {
        money.map(|money| money.minor)
    }

    #[test]
    fn micros_and_decimals_are_exact() {
        let yen = Currency::from_code("JPY").expect("a code");
        let dinar = Currency::from_code("KWD").expect("a code");
        assert_eq!(minor(micros(2_500_000_000, Currency::USD)), Some(250_000));
        assert_eq!(minor(micros(1_234_999, Currency::USD)), Some(123));
        assert_eq!(minor(micros(1_235_000, Currency::USD)), Some(124));
        assert_eq!(minor(micros(-1_235_000, Currency::USD)), Some(-124));
        assert_eq!(minor(micros(1_500_000, yen)), Some(2));
        assert_eq!(minor(micros(i64::MAX, dinar)), Some(9_223_372_036_854_776));
        assert_eq!(minor(decimal("123.45", Currency::USD)), Some(12_345));
        assert_eq!(minor(decimal("0.1", Currency::USD)), Some(10));
        assert_eq!(minor(decimal("-0.005", Currency::USD)), Some(-1));
        assert_eq!(minor(decimal("1500", yen)), Some(1500));
        assert_eq!(minor(decimal(".5", dinar)), Some(500));
        for wrong in ["", ".", "-", "1,5", "1e3", "NaN", "12a", "999999999999999999999"] {
            assert_eq!(decimal(wrong, Currency::USD), None, "{wrong:?}");
        }
    }
}
