//! HubSpot's webhooks: the signature over the raw request, and the events in it.
//!
//! Rules a newcomer would break: version 3 signs the full outside address with its query as HubSpot called it, so the
//! configured public address is used and never the `Host` header; a listed set of percent-escapes of the address is
//! decoded before signing; the timestamp is milliseconds and anything older than five minutes is a replay; events come
//! as a list, again after a failure, and in any order.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::{digest, hmac};
use serde::Deserialize;
use subtle::ConstantTimeEq;

/// How old a signed request may be, in milliseconds.
pub const OLDEST_MS: i64 = 300_000;

/// What a request carried that bears on its signature.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The full address as HubSpot called it, query included.
    pub uri: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

/// Why a request is not HubSpot's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature of a version we take.
    #[error("no signature")]
    Missing,
    /// The timestamp is missing or no number.
    #[error("no timestamp")]
    NoTimestamp,
    /// Signed too long ago, or in the future.
    #[error("signed too long ago")]
    Stale,
    /// The signature does not match.
    #[error("wrong signature")]
    Wrong,
}

/// Checks version 3 where its headers came, else versions 2 and 1 by their version header.
pub fn verify(
    secret: &str,
    signed: Signed<'_>,
    header: impl Fn(&str) -> Option<String>,
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    if let Some(signature) = header("x-hubspot-signature-v3") {
        let timestamp = header("x-hubspot-request-timestamp").ok_or(SignatureError::NoTimestamp)?;
        return verify_v3(secret, signed, &signature, &timestamp, now);
    }
    let signature = header("x-hubspot-signature").ok_or(SignatureError::Missing)?;
    let expected = match header("x-hubspot-signature-version").as_deref() {
        Some("v2") => signature_v2(secret, signed),
        Some("v1") | None => signature_v1(secret, signed.body),
        Some(_) => return Err(SignatureError::Missing),
    };
    same(&expected, &signature.to_ascii_lowercase())
}

/// Checks version 3: HMAC-SHA256 of method, address, body and timestamp, base64.
pub fn verify_v3(
    secret: &str,
    signed: Signed<'_>,
    signature: &str,
    timestamp: &str,
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let at: i64 = timestamp.trim().parse().map_err(|_| SignatureError::NoTimestamp)?;
    if now.timestamp_millis().abs_diff(at) > OLDEST_MS as u64 {
        return Err(SignatureError::Stale);
    }
    same(&signature_v3(secret, signed, timestamp.trim()), signature.trim())
}

/// The version 3 signature of a request.
pub fn signature_v3(secret: &str, signed: Signed<'_>, timestamp: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(signed.method.as_bytes());
    context.update(decode_listed(signed.uri).as_bytes());
    context.update(signed.body);
    context.update(timestamp.as_bytes());
    STANDARD.encode(context.sign())
}

/// The version 2 signature: SHA-256 of secret, method, address and body, hex.
pub fn signature_v2(secret: &str, signed: Signed<'_>) -> String {
    sha256(&[secret.as_bytes(), signed.method.as_bytes(), signed.uri.as_bytes(), signed.body])
}

/// The version 1 signature: SHA-256 of secret and body, hex.
pub fn signature_v1(secret: &str, body: &[u8]) -> String {
    sha256(&[secret.as_bytes(), body])
}

fn sha256(parts: &[&[u8]]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    hex::encode(context.finish())
}

fn same(expected: &str, given: &str) -> Result<(), SignatureError> {
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// Decodes the percent-escapes HubSpot decodes before signing: `: / ? @ ! $ ' ( ) * , ;`.
fn decode_listed(uri: &str) -> String {
    const LISTED: [(&str, char); 12] = [
        ("3A", ':'),
        ("2F", '/'),
        ("3F", '?'),
        ("40", '@'),
        ("21", '!'),
        ("24", '$'),
        ("27", '\''),
        ("28", '('),
        ("29", ')'),
        ("2A", '*'),
        ("2C", ','),
        ("3B", ';'),
    ];
    let mut parts = uri.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escape = part.get(..2).and_then(|code| LISTED.iter().find(|(hex, _)| hex.eq_ignore_ascii_case(code)));
        if let Some((_, character)) = escape {
            decoded.push(*character);
            decoded.push_str(&part[2..]);
        } else {
            decoded.push('%');
            decoded.push_str(part);
        }
    }
    decoded
}

/// One change HubSpot tells of.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEvent {
    /// With `subscription_id` it names the event; the same pair again is a repeat.
    pub event_id: i64,
    /// Which subscription.
    #[serde(default)]
    pub subscription_id: i64,
    /// The account.
    pub portal_id: i64,
    /// Our app; a change made by it is our own write coming back.
    #[serde(default)]
    pub app_id: Option<i64>,
    /// Milliseconds.
    pub occurred_at: i64,
    /// `contact.propertyChange`, `contact.creation`, …
    pub subscription_type: String,
    /// How often it was tried before.
    #[serde(default)]
    pub attempt_number: u32,
    /// The record.
    pub object_id: i64,
    /// Which property changed.
    #[serde(default)]
    pub property_name: Option<String>,
    /// To what.
    #[serde(default)]
    pub property_value: Option<String>,
    /// `CRM_UI`, `API`, `INTEGRATION`, …
    #[serde(default)]
    pub change_source: Option<String>,
    /// Who: `userId:1`, or our app's id when the change was ours.
    #[serde(default)]
    pub source_id: Option<String>,
}

impl WebhookEvent {
    /// True when the change is one that app `app_id` made: the loop guard's first question.
    pub fn is_own_write(&self, app_id: i64) -> bool {
        matches!(self.change_source.as_deref(), Some("INTEGRATION" | "API"))
            && self.source_id.as_deref().is_some_and(|source| source.rsplit(':').next() == Some(&app_id.to_string()))
    }
}

/// Reads a delivery's events; an event we cannot read does not lose the others and is counted.
pub fn read_events(body: &[u8]) -> Result<(Vec<WebhookEvent>, usize), serde_json::Error> {
    let items: Vec<serde_json::Value> = serde_json::from_slice(body)?;
    let count = items.len();
    let events: Vec<_> = items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect();
    let unread = count - events.len();
    Ok((events, unread))
}
