//! Amounts as people write them: with either mark for decimals, grouped or not, with a currency's sign or code.

use kernel::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What stands before the decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DecimalMark {
    /// 1,234.56
    Point,
    /// 1.234,56
    Comma,
}

/// What a value says about the mark of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It reads the same either way.
    Nothing,
    /// Only this mark fits.
    Only(DecimalMark),
    /// Either fits, with different amounts: `1,234`.
    Either,
}

/// The most of a whole unit that is believed.
const MOST: i64 = 1_000_000_000;
/// Codes in use; another is refused, because it is more likely a mistake than money.
const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF \
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS \
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR \
    MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP \
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER \
    ZAR ZMW ZWG";

/// The currency of a code, in any case; none when no country uses it.
pub fn currency(code: &str) -> Option<Currency> {
    let code = code.trim().to_ascii_uppercase();
    let known = code.len() == 3 && CODES.split_ascii_whitespace().any(|one| one == code);
    Currency::from_code(&code).filter(|_| known)
}

/// The currency that a sign stands for, where it stands for one alone: a dollar's sign is of twenty countries.
pub fn of_sign(text: &str) -> Option<Currency> {
    let code = match text {
        _ if text.contains('€') => "EUR",
        _ if text.contains('£') => "GBP",
        _ if text.contains('₹') => "INR",
        _ if text.contains('₺') => "TRY",
        _ if text.contains('₩') => "KRW",
        _ if text.contains('₴') => "UAH",
        _ if text.contains('₪') => "ILS",
        _ if text.contains('₫') => "VND",
        _ => text.split(|c: char| !c.is_ascii_alphabetic()).find(|word| currency(word).is_some())?,
    };
    currency(code)
}

/// What a value says about the mark.
pub fn says(text: &str) -> Says {
    let (points, commas) = (text.matches('.').count(), text.matches(',').count());
    let (mark, other) = match (points, commas) {
        (0, 0) => return Says::Nothing,
        (1.., 1..) => {
            let last_is_comma = text.rfind(',') > text.rfind('.');
            return Says::Only(if last_is_comma { DecimalMark::Comma } else { DecimalMark::Point });
        }
        (0, _) => (DecimalMark::Comma, DecimalMark::Point),
        (_, 0) => (DecimalMark::Point, DecimalMark::Comma),
    };
    let sign = if mark == DecimalMark::Comma { ',' } else { '.' };
    if points + commas > 1 {
        return Says::Only(other);
    }
    let after = text.rsplit(sign).next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    let before = text.split(sign).next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    if after == 3 && (1..=3).contains(&before) { Says::Either } else { Says::Only(mark) }
}

/// The minor units of an amount, or why there are none. Accountants' brackets mean less than nothing.
pub fn minor(text: &str, mark: DecimalMark, currency: Currency) -> Result<i64, String> {
    let bytes = text.trim().as_bytes();
    let (mut whole, mut part, mut places) = (0_i64, 0_i64, 0_u32);
    let (mut digits, mut after_mark, mut negative) = (0, false, false);
    let digits_of_currency = currency.digits();
    let decimal = if mark == DecimalMark::Comma { b',' } else { b'.' };
    for &byte in bytes {
        match byte {
            b'0'..=b'9' if after_mark => {
                digits += 1;
                if places < digits_of_currency {
                    part = part * 10 + i64::from(byte - b'0');
                    places += 1;
                } else if byte != b'0' {
                    return Err(format!("has more decimals than {} has", currency.code()));
                }
            }
            b'0'..=b'9' => {
                digits += 1;
                whole = whole * 10 + i64::from(byte - b'0');
                if whole > MOST {
                    return Err("is larger than a billion: it is not believed".to_owned());
                }
            }
            b'-' | b'(' => negative = true,
            _ if byte == decimal && !after_mark => after_mark = true,
            b'.' | b',' if after_mark => return Err("is not an amount".to_owned()),
            // Grouping, brackets, signs and codes of currencies, and all their bytes.
            b'.' | b',' | b' ' | b'\'' | b')' | b'+' | b'$' | 0x80.. => {}
            byte if byte.is_ascii_alphabetic() => {}
            _ => return Err("is not an amount".to_owned()),
        }
    }
    if digits == 0 {
        return Err("is not an amount".to_owned());
    }
    // Exponents are what spreadsheets make of long numbers: the amount is lost.
    if bytes.windows(2).any(|two| two[0].is_ascii_digit() && matches!(two[1], b'e' | b'E')) && has_exponent(bytes) {
        return Err("is written as a power of ten: export the column as text".to_owned());
    }
    let minor = whole * 10_i64.pow(digits_of_currency) + part * 10_i64.pow(digits_of_currency - places);
    Ok(if negative { -minor } else { minor })
}

fn has_exponent(bytes: &[u8]) -> bool {
    let at = bytes.iter().position(|byte| matches!(byte, b'e' | b'E'));
    at.is_some_and(|at| {
        bytes[at + 1..].iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-')) && at + 1 < bytes.len()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(text: &str, mark: DecimalMark) -> Result<i64, String> {
        minor(text, mark, Currency::USD)
    }

    #[test]
    fn both_marks_signs_and_groups_are_read() {
        for (text, expected) in [
            ("1,234.56", 123_456),
            ("$12", 1_200),
            ("USD 0.5", 50),
            ("1 234.00", 123_400),
            ("(5.00)", -500),
            ("-1'000", -100_000),
        ] {
            assert_eq!(usd(text, DecimalMark::Point), Ok(expected), "{text}");
        }
        for (text, expected) in [("1.234,56 €", 123_456), ("12,5", 1_250), ("1\u{a0}234,00", 123_400)] {
            assert_eq!(usd(text, DecimalMark::Comma), Ok(expected), "{text}");
        }
        let yen = currency("jpy").expect("yen");
        assert_eq!(minor("1,500", DecimalMark::Point, yen), Ok(1_500));
        assert!(minor("1.5", DecimalMark::Point, yen).is_err());
    }

    #[test]
    fn nonsense_and_absurd_amounts_are_refused() {
        for text in ["", "abc", "1.2.3", "1e5", "9E+12", "99999999999", "1.005", "#REF!", "12%"] {
            assert!(usd(text, DecimalMark::Point).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_that_fits_both_marks_says_so() {
        assert_eq!(says("1,234"), Says::Either);
        assert_eq!(says("1.234"), Says::Either);
        assert_eq!(says("1234"), Says::Nothing);
        assert_eq!(says("1,23"), Says::Only(DecimalMark::Comma));
        assert_eq!(says("1.234,5"), Says::Only(DecimalMark::Comma));
        assert_eq!(says("1,234,567"), Says::Only(DecimalMark::Point));
        assert_eq!(says("1234.567"), Says::Only(DecimalMark::Point));
    }

    #[test]
    fn currencies_are_known_by_code_and_by_signs_of_one_country() {
        assert_eq!(currency("eur").map(|one| one.code().to_owned()).as_deref(), Some("EUR"));
        assert_eq!(currency("XXQ"), None);
        assert_eq!(of_sign("12 €").map(|one| one.code().to_owned()).as_deref(), Some("EUR"));
        assert_eq!(of_sign("CAD 12").map(|one| one.code().to_owned()).as_deref(), Some("CAD"));
        assert_eq!(of_sign("$12"), None);
    }

    proptest! {
        #[test]
        fn any_amount_is_read_back_in_both_ways(minor_units in -99_999_999_999_i64..99_999_999_999) {
            let text = format!("{}{}.{:02}", if minor_units < 0 { "-" } else { "" }, minor_units.abs() / 100, minor_units.abs() % 100);
            prop_assert_eq!(usd(&text, DecimalMark::Point), Ok(minor_units));
            prop_assert_eq!(usd(&text.replace('.', ","), DecimalMark::Comma), Ok(minor_units));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            drop(usd(&text, DecimalMark::Point));
            says(&text);
        }
    }
}
