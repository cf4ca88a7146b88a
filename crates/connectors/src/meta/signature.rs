//! Proof that a webhook came from Meta, and our answer when Meta proves us.
//! Verify over the bytes received, before anything parses them: Meta escapes its JSON in its own way.

use ring::digest::SHA256_OUTPUT_LEN;
use ring::hmac;
use serde::Deserialize;
use subtle::ConstantTimeEq;

/// The header that carries the signature. `X-Hub-Signature` (SHA-1) is never accepted.
pub const HEADER: &str = "x-hub-signature-256";

/// The body is not signed by any of our secrets: answer 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    #[error("the signature header is missing or not of the expected form")]
    Missing,
    #[error("the signature does not match")]
    Wrong,
}

/// Our secrets, ready to check with. More than one: the Instagram product has its own, and a secret that is being replaced
/// has a successor.
pub struct Keys(Vec<hmac::Key>);

impl Keys {
    /// Of secrets; one that is not set proves nothing.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let set = secrets.into_iter().filter(|secret| !secret.is_empty());
        Self(set.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())).collect())
    }

    /// Checks the value of [`HEADER`] in constant time.
    pub fn verify(&self, header: Option<&str>, body: &[u8]) -> Result<(), BadSignature> {
        let digits = header.and_then(|value| value.trim().strip_prefix("sha256=")).ok_or(BadSignature::Missing)?;
        let mut tag = [0; SHA256_OUTPUT_LEN];
        if hex::decode_to_slice(digits, &mut tag).is_err() {
            // Hex of another length is a signature, and wrong.
            return Err(hex::decode(digits).map_or(BadSignature::Missing, |_| BadSignature::Wrong));
        }
        let good = |key: &hmac::Key| hmac::verify(key, body, &tag).is_ok();
        if self.0.iter().any(good) { Ok(()) } else { Err(BadSignature::Wrong) }
    }
}

/// The header value that Meta would send with `body`.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body);
    format!("sha256={}", hex::encode(tag))
}

/// The `appsecret_proof` that goes with an access token.
pub fn appsecret_proof(secret: &str, access_token: &str) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), access_token.as_bytes()))
}

/// The query with which Meta checks a webhook address.
#[derive(Debug, Clone, Deserialize)]
pub struct Challenge {
    #[serde(rename = "hub.mode")]
    pub mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    pub verify_token: Option<String>,
    #[serde(rename = "hub.challenge")]
    pub challenge: Option<String>,
}

impl Challenge {
    /// The body of the 200 answer, or `None`: answer 403.
    pub fn answer(&self, verify_token: &str) -> Option<&str> {
        let given = self.verify_token.as_deref()?;
        let known = !verify_token.is_empty() && bool::from(given.as_bytes().ct_eq(verify_token.as_bytes()));
        // Meta's challenge is a number; nothing else is echoed, so that the address cannot serve someone's markup.
        let challenge = self
            .challenge
            .as_deref()
            .filter(|text| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        (known && self.mode.as_deref() == Some("subscribe")).then_some(challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "meta_app_secret_test";
    const BODY: &[u8] = br#"{"object":"page","entry":[]}"#;
    const GOOD: &str = "sha256=a0166d95982756d36048ac095eb90304b036c91763b5855c4a75cc89f8e3e509";

    fn verify(secrets: &[&str], header: Option<&str>, body: &[u8]) -> Result<(), BadSignature> {
        Keys::new(secrets.iter().copied()).verify(header, body)
    }

    #[test]
    fn the_known_vectors_hold() {
        assert_eq!(sign(SECRET, BODY), GOOD);
        assert_eq!(verify(&[SECRET], Some(GOOD), BODY), Ok(()));
        assert_eq!(verify(&["other", SECRET], Some(GOOD), BODY), Ok(()));
        let proof = "bea9ed5b5e5addb8076ed5542ad156bdd7e14d0a408a1e890a5ed0e142a645f5";
        assert_eq!(appsecret_proof(SECRET, "EAATESTTOKEN"), proof);
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(verify(&["wrong"], Some(GOOD), BODY), Err(BadSignature::Wrong));
        assert_eq!(verify(&[SECRET], Some(GOOD), br#"{"object":"page","entry":[] }"#), Err(BadSignature::Wrong));
        assert_eq!(verify(&[SECRET], Some(&GOOD[..GOOD.len() - 2]), BODY), Err(BadSignature::Wrong));
        assert_eq!(verify(&[], Some(GOOD), BODY), Err(BadSignature::Wrong));
        assert_eq!(
            verify(&[""], Some(&sign("", BODY)), BODY),
            Err(BadSignature::Wrong),
            "an unset secret proves nothing"
        );
        let sha1 = GOOD.replace("sha256=", "sha1=");
        for header in [None, Some(""), Some("sha256="), Some("sha256=zz"), Some(&GOOD[7..]), Some(sha1.as_str())] {
            assert!(verify(&[SECRET], header, BODY).is_err(), "{header:?}");
        }
    }

    #[test]
    fn the_challenge_is_echoed_only_for_our_token() {
        let ask = |mode: &str, token: &str, challenge: &str| Challenge {
            mode: Some(mode.into()),
            verify_token: Some(token.into()),
            challenge: Some(challenge.into()),
        };
        assert_eq!(ask("subscribe", "our-token", "1158201444").answer("our-token"), Some("1158201444"));
        assert_eq!(ask("subscribe", "other", "1").answer("our-token"), None);
        assert_eq!(ask("unsubscribe", "our-token", "1").answer("our-token"), None);
        assert_eq!(ask("subscribe", "", "1").answer(""), None, "an unset token answers nobody");
        assert_eq!(ask("subscribe", "our-token", "<script>").answer("our-token"), None);
    }
}
