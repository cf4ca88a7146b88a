//! Triggers: HMAC-SHA1 over the time and the raw body. The body is a call as the interface shows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use kernel::config::Secret;
use ring::hmac;
use serde_json::Value;

use crate::source::Notice;
use crate::wire::{id, instant};

/// How far the signed time may be off, in seconds.
pub const OLDEST_S: i64 = 300;

/// Why a trigger is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Signature or time is missing.
    #[error("no signature")]
    Missing,
    /// The signature is of none of our keys.
    #[error("wrong signature")]
    Wrong,
    /// Signed too long ago, or in the future.
    #[error("signed too long ago")]
    Stale,
    /// Signed, but no call.
    #[error("the body is no call")]
    Malformed,
}

/// Checks a trigger by its headers `X-CTM-Signature` and `X-CTM-Time` with the secrets in use, and reads it.
pub fn read(
    secrets: &[Secret],
    signature: Option<&str>,
    time: Option<&str>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Notice, WebhookError> {
    let (Some(signature), Some(time)) = (signature, time) else { return Err(WebhookError::Missing) };
    let given = STANDARD.decode(signature.trim()).map_err(|_| WebhookError::Wrong)?;
    let signed = [time.as_bytes(), body].concat();
    let fits = |secret: &Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.reveal().as_bytes());
        !secret.is_empty() && hmac::verify(&key, &signed, &given).is_ok()
    };
    if !secrets.iter().any(fits) {
        return Err(WebhookError::Wrong);
    }
    let at =
        instant(&Value::from(time.trim())).or_else(|| Some(DateTime::parse_from_rfc3339(time.trim()).ok()?.into()));
    if at.is_none_or(|at: DateTime<Utc>| (now - at).num_seconds().abs() > OLDEST_S) {
        return Err(WebhookError::Stale);
    }
    let call: Value = serde_json::from_slice(body).map_err(|_| WebhookError::Malformed)?;
    if id(&call["id"]).is_none() {
        return Err(WebhookError::Malformed);
    }
    Ok(Notice { records: vec![("calls".to_owned(), call)], wake: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn the_vector_holds() {
        let secrets = [Secret::new("test_secret")];
        let body = br#"{"hello":"world"}"#;
        let signature = Some("ATjpZvp7A6tcsl0oyxI+ohkkrH8=\n");
        let read = |signature, time, body: &[u8], now| read(&secrets, signature, time, body, at(now)).err();
        assert_eq!(
            read(signature, Some("1700000000"), body, 1_700_000_010),
            Some(WebhookError::Malformed),
            "signed well, no call"
        );
        assert_eq!(read(signature, Some("1700000000"), body, 1_700_000_301), Some(WebhookError::Stale));
        assert_eq!(read(signature, Some("1700000001"), body, 1_700_000_010), Some(WebhookError::Wrong));
        assert_eq!(read(signature, Some("1700000000"), b"{}", 1_700_000_010), Some(WebhookError::Wrong));
        assert_eq!(read(signature, None, body, 1_700_000_010), Some(WebhookError::Missing));
    }
}
