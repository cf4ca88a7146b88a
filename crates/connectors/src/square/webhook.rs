//! Square's webhooks: base64 HMAC-SHA256 over the address as it was registered, then the raw body.

use kernel::config::Secret;

use crate::signed::{self, Untrusted};
use crate::source::Notice;

/// Checks a notice and says what to read again: a notice names its person by a key only. `url` is the address that was
/// registered, byte for byte.
pub fn notice(
    keys: &[Secret],
    url: &str,
    header: impl Fn(&str) -> Option<String>,
    body: &[u8],
) -> Result<Notice, Untrusted> {
    let given = header("x-square-hmacsha256-signature").ok_or(Untrusted::Missing)?;
    signed::check_base64(keys, &[url.as_bytes(), body], &given)?;
    let event = signed::body(body)?;
    let kind = event["type"].as_str().unwrap_or_default();
    let wake = match kind.split('.').next().unwrap_or_default() {
        "payment" => vec!["payments".to_owned()],
        "refund" => vec!["refunds".to_owned()],
        "booking" => vec!["bookings".to_owned()],
        _ => Vec::new(),
    };
    Ok(Notice { records: Vec::new(), wake })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, body: &[u8]) -> Result<Notice, Untrusted> {
        let header = |name: &str| {
            (name == "x-square-hmacsha256-signature").then(|| "q+NR4czfZXp7vg31I7dMk8cKBz2JhPYsQT5XuhAgTzc=".to_owned())
        };
        notice(&[Secret::new("test_secret")], url, header, body)
    }

    #[test]
    fn the_address_is_signed_too() {
        assert!(check("https://example.test/hook", br#"{"hello":"world"}"#).is_ok());
        assert_eq!(check("https://example.test/hook/", br#"{"hello":"world"}"#).err(), Some(Untrusted::Wrong));
        assert_eq!(check("https://example.test/hook", br#"{"hello":"World"}"#).err(), Some(Untrusted::Wrong));
        assert_eq!(notice(&[Secret::new("k")], "u", |_| None, b"{}").err(), Some(Untrusted::Missing));
    }
}
