//! OAuth 1.0a signatures: the way to act for a user who gave a token and its secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::http::Url;
use ring::hmac;

/// The four secrets and names of a signature.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    pub consumer_key: &'a str,
    pub consumer_secret: &'a str,
    pub token: &'a str,
    pub token_secret: &'a str,
}

/// The `Authorization` header of a request whose body is not a form. `nonce` must be new each time, `timestamp` is in
/// seconds.
pub fn header(keys: Keys<'_>, method: &str, url: &Url, nonce: &str, timestamp: i64) -> String {
    let stamp = timestamp.to_string();
    let own = [
        ("oauth_consumer_key", keys.consumer_key),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", stamp.as_str()),
        ("oauth_token", keys.token),
        ("oauth_version", "1.0"),
    ];
    let signature = signature(keys, method, url, &own);
    let fields = own.iter().copied().chain([("oauth_signature", signature.as_str())]);
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name}=\"{}\"", percent(value))).collect();
    format!("OAuth {}", fields.join(", "))
}

fn signature(keys: Keys<'_>, method: &str, url: &Url, own: &[(&str, &str)]) -> String {
    let query = url.query_pairs().map(|(name, value)| (percent(&name), percent(&value)));
    let mut pairs: Vec<(String, String)> =
        own.iter().map(|(name, value)| (percent(name), percent(value))).chain(query).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    let base = format!("{}&{}&{}", method.to_ascii_uppercase(), percent(address.as_str()), percent(&pairs.join("&")));
    let key = format!("{}&{}", percent(keys.consumer_secret), percent(keys.token_secret));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

/// Percent-encoding as RFC 3986 has it: everything but unreserved characters.
pub(super) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys<'_> = Keys { consumer_key: "ck", consumer_secret: "cs", token: "tk", token_secret: "ts" };

    #[test]
    fn the_header_has_every_field_and_depends_on_all_of_the_request() {
        let sign = |method: &str, url: &str, nonce: &str| {
            header(KEYS, method, &Url::parse(url).expect("a URL"), nonce, 1_700_000_000)
        };
        let first = sign("POST", "https://api.x.com/2/a?b=c", "n");
        for field in [
            "oauth_consumer_key=\"ck\"",
            "oauth_token=\"tk\"",
            "oauth_timestamp=\"1700000000\"",
            "oauth_version=\"1.0\"",
            "oauth_signature=\"",
        ] {
            assert!(first.contains(field), "{field} in {first}");
        }
        for other in [
            sign("GET", "https://api.x.com/2/a?b=c", "n"),
            sign("POST", "https://api.x.com/2/a?b=d", "n"),
            sign("POST", "https://api.x.com/2/b?b=c", "n"),
            sign("POST", "https://api.x.com/2/a?b=c", "m"),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn a_signature_worked_out_by_hand_holds() {
        // Base string: POST&https%3A%2F%2Fapi.example.com%2F1%2Fu.json&a%2520b%3Dc%2526d%26oauth_consumer_key%3Dck%26…
        let url = Url::parse("https://api.example.com/1/u.json?a%20b=c%26d").expect("a URL");
        let own = [("oauth_consumer_key", "ck")];
        let base = "POST&https%3A%2F%2Fapi.example.com%2F1%2Fu.json&a%2520b%3Dc%2526d%26oauth_consumer_key%3Dck";
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"cs&ts");
        assert_eq!(signature(KEYS, "post", &url, &own), STANDARD.encode(hmac::sign(&key, base.as_bytes())));
    }

    #[test]
    fn everything_but_unreserved_characters_is_encoded() {
        assert_eq!(percent("Ladies + Gentlemen! ☃-._~"), "Ladies%20%2B%20Gentlemen%21%20%E2%98%83-._~");
    }
}
