//! The signatures the platforms put on their webhooks and expect on their requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};

/// Meta's `X-Hub-Signature-256`.
pub fn meta(app_secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hmac_hex(app_secret, body))
}

/// Meta's older `X-Hub-Signature`, still sent beside the new one.
pub fn meta_legacy(app_secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, app_secret.as_bytes());
    format!("sha1={}", hex::encode(hmac::sign(&key, body)))
}

/// Meta's `appsecret_proof` for a token.
pub fn meta_proof(app_secret: &str, token: &str) -> String {
    hmac_hex(app_secret, token.as_bytes())
}

/// X's webhook signature, and its answer to a challenge.
pub fn x(consumer_secret: &str, message: &[u8]) -> String {
    format!("sha256={}", hmac_base64(consumer_secret, message))
}

/// HubSpot's third signature: method, address, body and time in milliseconds, one after the other.
pub fn hubspot(client_secret: &str, method: &str, url: &str, body: &[u8], at_ms: i64) -> String {
    let message = [method.as_bytes(), url.as_bytes(), body, at_ms.to_string().as_bytes()].concat();
    hmac_base64(client_secret, &message)
}

/// HubSpot's first signature: a plain hash of secret and body.
pub fn hubspot_first(client_secret: &str, body: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, &[client_secret.as_bytes(), body].concat()))
}

/// OAuth 1.0a: the signature of a base string.
pub fn oauth1(consumer_secret: &str, token_secret: &str, base_string: &str) -> String {
    let key = format!("{}&{}", percent(consumer_secret), percent(token_secret));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, base_string.as_bytes()))
}

/// HMAC-SHA1 in base64: CallRail over the body, `CallTrackingMetrics` over time and body.
pub fn hmac_sha1_base64(key: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, message))
}

/// Stripe's webhook signature: time and body, with the time beside it.
pub fn stripe(secret: &str, body: &[u8], at_s: i64) -> String {
    format!("t={at_s},v1={}", hmac_hex(secret, &[format!("{at_s}.").as_bytes(), body].concat()))
}

/// Shopify's webhook signature; Mindbody's is the same behind `sha256=`.
pub fn shopify(secret: &str, body: &[u8]) -> String {
    hmac_base64(secret, body)
}

/// Square's webhook signature: the address as it was registered, then the body.
pub fn square(key: &str, url: &str, body: &[u8]) -> String {
    hmac_base64(key, &[url.as_bytes(), body].concat())
}

/// The S256 challenge of a PKCE verifier.
pub fn pkce(verifier: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// Percent-encoding as RFC 3986 has it: everything but letters, digits and `-._~`.
pub fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

fn hmac_hex(key: &str, message: &[u8]) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), message))
}

fn hmac_base64(key: &str, message: &[u8]) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(
            meta("meta_app_secret_test", br#"{"object":"page","entry":[]}"#),
            "sha256=a0166d95982756d36048ac095eb90304b036c91763b5855c4a75cc89f8e3e509"
        );
        assert_eq!(
            meta_proof("meta_app_secret_test", "EAATESTTOKEN"),
            "bea9ed5b5e5addb8076ed5542ad156bdd7e14d0a408a1e890a5ed0e142a645f5"
        );
        assert_eq!(
            x("x_consumer_secret_test", b"challenge_string"),
            "sha256=sZGBTT5DeOCBmegBIbIf99Sz6GtqJ/gAUhunMGWl26k="
        );
        assert_eq!(
            x("x_consumer_secret_test", br#"{"for_user_id":"1"}"#),
            "sha256=dsTdjlySbJzttogIS/4zZJY8yZU/42xyOhM9uCp+Isw="
        );
        assert_eq!(
            hubspot(
                "hs_client_secret_test",
                "POST",
                "https://app.example.com/hooks/hubspot",
                br#"[{"eventId":1}]"#,
                1_700_000_000_000
            ),
            "ESNt6jBPddrO/YmEdwkzOxukTJlgNSB4ZW2z3eichX4="
        );
        assert_eq!(
            hubspot_first("hs_client_secret_test", br#"[{"eventId":1}]"#),
            "fa3afc8a9fc66e426e719b09e801d9f7d418ab8c547137e41d0a8d46716f62b8"
        );
        assert_eq!(hmac_sha1_base64("test_secret", br#"{"hello":"world"}"#), "PPT23lTHH+IfA7WRjEtIu4PjiXo=");
    }

    #[test]
    fn commerce_vectors_hold() {
        let (key, body): (_, &[u8]) = ("test_secret", br#"{"hello":"world"}"#);
        let hex = "a5d9de1d23a233e086ce2cd0940311c91c3039e7d92c0d96a82fda4881746747";
        assert_eq!(stripe(key, body, 1_700_000_000), format!("t=1700000000,v1={hex}"));
        assert_eq!(shopify(key, body), "t7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM=");
        assert_eq!(square(key, "https://example.test/hook", body), "q+NR4czfZXp7vg31I7dMk8cKBz2JhPYsQT5XuhAgTzc=");
    }

    #[test]
    fn oauth1_signs_with_both_secrets() {
        // The worked example of RFC 5849's predecessor: a photo fetched with a token.
        let base = "GET&http%3A%2F%2Fphotos.example.net%2Fphotos&file%3Dvacation.jpg%26oauth_consumer_key%3Ddpf43f3p2l4k3l03%26oauth_nonce%3Dkllo9940pd9333jh%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D1191242096%26oauth_token%3Dnnch734d00sl2jdk%26oauth_version%3D1.0%26size%3Doriginal";
        assert_eq!(oauth1("kd94hf93k423kf44", "pfkkdhi9sl3r4s00", base), "tR3+Ty81lMeYAr/Fid0kMTYa/WM=");
    }

    #[test]
    fn percent_leaves_the_unreserved_alone() {
        assert_eq!(percent("a-._~Z9 /+é"), "a-._~Z9%20%2F%2B%C3%A9");
    }
}
