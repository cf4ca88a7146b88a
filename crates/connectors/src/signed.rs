//! Signatures of notices: HMAC-SHA256 over the raw bytes as they came, compared in constant time, with any of several keys so that
//! a key can be changed without losing a notice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::config::Secret;
use ring::hmac;
use subtle::ConstantTimeEq;

/// Why a notice is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// No signature came, or no key is set.
    #[error("no signature, or no key to check it with")]
    Missing,
    /// The signature does not match.
    #[error("wrong signature")]
    Wrong,
    /// Signed too long ago.
    #[error("signed too long ago")]
    Stale,
    /// The signature is right, and the body is not what the system sends.
    #[error("the body cannot be read: {0}")]
    Unreadable(String),
}

/// Whether `given` is the HMAC-SHA256 of `parts`, one after the other, under any of `keys`. Empty keys match nothing.
pub(crate) fn check(keys: &[Secret], parts: &[&[u8]], given: &[u8]) -> Result<(), Untrusted> {
    let mut known = false;
    let mut matched = subtle::Choice::from(0);
    for key in keys.iter().filter(|key| !key.is_empty()) {
        known = true;
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes()));
        for part in parts {
            context.update(part);
        }
        matched |= context.sign().as_ref().ct_eq(given);
    }
    match (known, bool::from(matched)) {
        (false, _) => Err(Untrusted::Missing),
        (true, true) => Ok(()),
        (true, false) => Err(Untrusted::Wrong),
    }
}

/// The same with a signature in base64.
pub(crate) fn check_base64(keys: &[Secret], parts: &[&[u8]], given: &str) -> Result<(), Untrusted> {
    check(keys, parts, &STANDARD.decode(given.trim()).map_err(|_| Untrusted::Wrong)?)
}

/// The body of a notice whose signature was right.
pub(crate) fn body(raw: &[u8]) -> Result<serde_json::Value, Untrusted> {
    serde_json::from_slice(raw).map_err(|error| Untrusted::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_may_match_and_an_empty_one_never_does() {
        let given = "t7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM=";
        let (right, other, empty) = (Secret::new("test_secret"), Secret::new("other"), Secret::new(""));
        let body: &[u8] = br#"{"hello":"world"}"#;
        assert_eq!(check_base64(&[other.clone(), right.clone()], &[body], given), Ok(()));
        assert_eq!(check_base64(&[right], &[&body[..5], &body[5..]], given), Ok(()));
        assert_eq!(check_base64(&[other], &[body], given), Err(Untrusted::Wrong));
        assert_eq!(check_base64(&[empty], &[body], given), Err(Untrusted::Missing));
        assert_eq!(check_base64(&[], &[body], given), Err(Untrusted::Missing));
        assert_eq!(check_base64(&[Secret::new("test_secret")], &[body], "!"), Err(Untrusted::Wrong));
    }
}
