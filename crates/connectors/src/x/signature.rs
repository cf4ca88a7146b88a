//! Proof that a webhook came from X, and our answer to its challenge (CRC).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

pub use crate::meta::signature::BadSignature;

/// The header that carries the signature.
pub const HEADER: &str = "x-twitter-webhooks-signature";

/// Checks the value of [`HEADER`] over the bytes received, in constant time.
pub fn verify(consumer_secret: &str, header: Option<&str>, body: &[u8]) -> Result<(), BadSignature> {
    let encoded = header.and_then(|value| value.trim().strip_prefix("sha256=")).ok_or(BadSignature::Missing)?;
    let tag = STANDARD.decode(encoded).map_err(|_| BadSignature::Missing)?;
    if consumer_secret.is_empty() {
        return Err(BadSignature::Wrong);
    }
    hmac::verify(&key(consumer_secret), body, &tag).map_err(|_| BadSignature::Wrong)
}

/// The header value that X would send with `body`.
pub fn sign(consumer_secret: &str, body: &[u8]) -> String {
    format!("sha256={}", STANDARD.encode(hmac::sign(&key(consumer_secret), body)))
}

/// The body of the 200 answer to `GET …?crc_token=`.
pub fn challenge_answer(consumer_secret: &str, crc_token: &str) -> serde_json::Value {
    serde_json::json!({ "response_token": sign(consumer_secret, crc_token.as_bytes()) })
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "x_consumer_secret_test";
    const BODY: &[u8] = br#"{"for_user_id":"1"}"#;
    const GOOD: &str = "sha256=dsTdjlySbJzttogIS/4zZJY8yZU/42xyOhM9uCp+Isw=";

    #[test]
    fn the_known_vectors_hold() {
        assert_eq!(verify(SECRET, Some(GOOD), BODY), Ok(()));
        assert_eq!(sign(SECRET, BODY), GOOD);
        let answer = challenge_answer(SECRET, "challenge_string");
        assert_eq!(answer["response_token"], "sha256=sZGBTT5DeOCBmegBIbIf99Sz6GtqJ/gAUhunMGWl26k=");
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(verify("wrong", Some(GOOD), BODY), Err(BadSignature::Wrong));
        assert_eq!(verify(SECRET, Some(GOOD), br#"{"for_user_id":"2"}"#), Err(BadSignature::Wrong));
        assert_eq!(verify("", Some(&sign("", BODY)), BODY), Err(BadSignature::Wrong), "an unset secret proves nothing");
        let hex = "sha256=76c4dd8e5c926c9cedb688084bfe33648f32";
        for header in [None, Some(""), Some(&GOOD[7..]), Some("sha1=AAAA"), Some("sha256=***"), Some(hex)] {
            assert!(verify(SECRET, header, BODY).is_err(), "{header:?}");
        }
    }
}
