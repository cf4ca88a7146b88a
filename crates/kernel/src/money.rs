//! Money in minor units with its currency, so that no sum is ever a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A three-letter ISO 4217 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollars.
    pub const USD: Self = Self(*b"USD");

    /// Reads a code such as `EUR`; `None` when it is not three capital letters.
    pub fn from_code(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("USD")
    }

    /// Digits after the point: 0 for the yen and its like, 3 for some dinars, 2 otherwise (ISO 4217).
    pub fn digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_code(&code).ok_or_else(|| serde::de::Error::custom("a currency is three capital letters (ISO 4217)"))
    }
}

/// An amount: minor units (cents) of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; may be negative.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in minor units.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.digits();
        let unit = 10_u64.pow(digits);
        let (whole, part) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        let sign = if self.minor < 0 { "-" } else { "" };
        let text = whole.to_string();
        let grouped: Vec<&str> =
            text.as_bytes().rchunks(3).rev().map(|chunk| std::str::from_utf8(chunk).unwrap_or("")).collect();
        write!(f, "{} {sign}{}", self.currency.code(), grouped.join(","))?;
        if digits > 0 { write!(f, ".{part:0width$}", width = digits as usize) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_grouped_with_the_currencys_digits() {
        assert_eq!(Money::new(123_456_789, Currency::USD).to_string(), "USD 1,234,567.89");
        assert_eq!(Money::new(-5, Currency::USD).to_string(), "USD -0.05");
        let yen = Currency::from_code("JPY").expect("a code");
        assert_eq!(Money::new(1_500, yen).to_string(), "JPY 1,500");
        let digits = |code: &str| Currency::from_code(code).map(Currency::digits);
        assert_eq!([digits("UGX"), digits("IQD"), digits("SEK")], [Some(0), Some(3), Some(2)]);
        assert_eq!(Currency::from_code("usd"), None);
    }
}
