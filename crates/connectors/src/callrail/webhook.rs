//! CallRail's webhooks: HMAC-SHA1 over the raw body. A body does not say what happened: each event has an address of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use kernel::config::Secret;
use ring::hmac;
use serde_json::Value;

use crate::source::Notice;
use crate::wire::id;

/// How old a body may be, in hours: a call that ended is told of within twenty minutes, one that was changed keeps its own time.
const OLDEST_H: i64 = 24 * 31;

/// What the address says that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call ended or was changed.
    Call,
    /// A form was sent.
    Form,
    /// A text came or went.
    Text,
}

/// Why a webhook is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// No signature.
    #[error("no signature")]
    Missing,
    /// The signature is of none of our keys.
    #[error("wrong signature")]
    Wrong,
    /// Signed, but too old: a replay.
    #[error("the body is too old")]
    Stale,
    /// Signed, but no JSON object.
    #[error("the body is no JSON object")]
    Malformed,
}

/// Checks a webhook with the keys in use (several while one is exchanged) and reads it.
pub fn read(
    keys: &[Secret],
    signature: Option<&str>,
    body: &[u8],
    event: Event,
    now: DateTime<Utc>,
) -> Result<Notice, WebhookError> {
    let signature = signature.map(str::trim).filter(|signature| !signature.is_empty()).ok_or(WebhookError::Missing)?;
    let given = STANDARD.decode(signature).map_err(|_| WebhookError::Wrong)?;
    if !keys.iter().any(|key| signed(key, body, &given)) {
        return Err(WebhookError::Wrong);
    }
    let record: Value = serde_json::from_slice(body).map_err(|_| WebhookError::Malformed)?;
    if !record.is_object() {
        return Err(WebhookError::Malformed);
    }
    let told = record["timestamp"].as_str().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    if told.is_some_and(|at| (now - at.with_timezone(&Utc)).num_hours().abs() > OLDEST_H) {
        return Err(WebhookError::Stale);
    }
    let stream = match event {
        Event::Call => "calls",
        Event::Form => "form_submissions",
        Event::Text => return Ok(Notice::default()),
    };
    // An older body numbers the call in another way than the interface does: then only the interface tells of it, so that it is
    // one call. A form's company is named there too.
    let same_id = id(&record["id"]).is_some_and(|id| id.starts_with("CAL"));
    if event == Event::Call && same_id {
        return Ok(Notice { records: vec![(stream.to_owned(), record)], wake: Vec::new() });
    }
    Ok(Notice { records: Vec::new(), wake: vec![stream.to_owned()] })
}

fn signed(key: &Secret, body: &[u8], given: &[u8]) -> bool {
    let key_bytes = key.reveal().as_bytes();
    let hmac_key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key_bytes);
    !key.is_empty() && hmac::verify(&hmac_key, body, given).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-10-01T20:00:00Z").expect("an instant").with_timezone(&Utc)
    }

    fn sign(key: &str, body: &[u8]) -> String {
        STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes()), body))
    }

    #[test]
    fn the_vector_holds_and_any_change_breaks_it() {
        let keys = [Secret::new("old"), Secret::new("test_secret")];
        let body = br#"{"hello":"world"}"#;
        let signature = Some("PPT23lTHH+IfA7WRjEtIu4PjiXo=");
        assert_eq!(read(&keys, signature, body, Event::Call, now()).expect("taken").wake, ["calls"]);
        let refused = |keys: &[Secret], signature, body: &[u8]| read(keys, signature, body, Event::Call, now()).err();
        assert_eq!(refused(&keys, signature, br#"{"hello":"World"}"#), Some(WebhookError::Wrong));
        assert_eq!(refused(&keys[..1], signature, body), Some(WebhookError::Wrong));
        assert_eq!(refused(&keys, None, body), Some(WebhookError::Missing));
        assert_eq!(refused(&keys, Some("not base64!"), body), Some(WebhookError::Wrong));
        let empty = sign("", body);
        assert_eq!(refused(&[Secret::new("")], Some(empty.as_str()), body), Some(WebhookError::Wrong));
    }

    #[test]
    fn a_call_comes_with_it_when_its_id_is_the_interfaces_own() {
        let keys = [Secret::new("k")];
        let with = |body: &str| read(&keys, Some(&sign("k", body.as_bytes())), body.as_bytes(), Event::Call, now());
        let notice = with(r#"{"id":"CAL1","timestamp":"2026-10-01T13:41:00.236-05:00"}"#).expect("taken");
        assert_eq!((notice.records.len(), notice.records[0].0.as_str()), (1, "calls"));
        let notice = with(r#"{"id":812345670,"timestamp":"2026-10-01T13:41:00.236-05:00"}"#).expect("taken");
        assert_eq!((notice.records.len(), notice.wake.len()), (0, 1));
        assert_eq!(with(r#"{"id":1,"timestamp":"2026-01-01T13:41:00-05:00"}"#).err(), Some(WebhookError::Stale));
        assert_eq!(with("[]").err(), Some(WebhookError::Malformed));
    }
}
