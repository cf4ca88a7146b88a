//! Pushes of Pub/Sub about Business Profile: who sent one, and what it tells.
//!
//! A push carries a token of `OpenID` Connect that Google signed for the address we are called at, and that names the service account
//! of the subscription. Rules a newcomer would break: the algorithm is ours to name and never the token's; a token for another
//! audience is somebody else's subscription; a push is a hint, so a review is always read again and never taken from it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Http, Response};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::wire::{self, each};

/// Google's keys.
pub const KEYS_URL: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// The names under which Google issues tokens.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// How far Google's clock may be from ours, in seconds.
const SKEW_S: f64 = 60.0;
/// The longest token that is looked at.
const LONGEST: usize = 16 * 1024;
/// No list of keys is longer, in bytes.
const LARGEST: usize = 256 * 1024;
/// Google answers within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long keys are good where Google does not say, and the least and the most that we believe, in seconds.
const KEPT_S: (i64, i64, i64) = (3_600, 60, 86_400);
/// An unknown key makes us ask again at most this often.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(60);

/// What a push must prove.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Where the keys are.
    pub keys_url: &'a str,
    /// Whom the token is for, as the subscription says it.
    pub audience: &'a str,
    /// The service account of the subscription.
    pub service_account: &'a str,
}

/// Why a push is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// It proves nothing, or something else.
    #[error("{0}")]
    Untrusted(&'static str),
    /// Google's keys cannot be had; the push may come again later.
    #[error("Google's keys cannot be read: {0}")]
    Unavailable(String),
}

/// A public key of Google.
#[derive(Clone, Debug)]
struct Key {
    id: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

#[derive(Debug, Default)]
struct Held {
    keys: Vec<Key>,
    good_until: Option<DateTime<Utc>>,
    asked: Option<DateTime<Utc>>,
}

/// Google's keys, asked for when they are needed and kept as long as Google allows.
#[derive(Debug, Default)]
pub struct Keys {
    held: Mutex<Held>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: f64,
    iat: f64,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
}

impl Keys {
    /// Whether `authorization` (the header of the request) proves that the push is of the expected subscription.
    pub async fn verify(&self, http: &Http, expected: Expected<'_>, authorization: &str) -> Result<(), PushError> {
        let token = authorization.strip_prefix("Bearer ").map(str::trim).filter(|token| !token.is_empty());
        let token = token.ok_or(PushError::Untrusted("it has no token"))?;
        let read = Token::read(token)?;
        let key = self.key(http, expected.keys_url, &read.key).await?;
        let public = RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent };
        public
            .verify(&RSA_PKCS1_2048_8192_SHA256, read.message.as_bytes(), &read.signature)
            .map_err(|_| PushError::Untrusted("its signature is not Google's"))?;
        let claims: Claims = serde_json::from_slice(&read.payload)
            .map_err(|_| PushError::Untrusted("its token lacks what every token has"))?;
        claims.check(expected, http.clock().now())
    }

    /// The key of a name. Keys are asked for when none are good, and once more when the name is not known: Google may have a new one.
    async fn key(&self, http: &Http, url: &str, id: &str) -> Result<Key, PushError> {
        let now = http.clock().now();
        let mut held = self.held.lock().await;
        let good = held.good_until.is_some_and(|until| now < until);
        let find = |held: &Held| held.keys.iter().find(|key| key.id == id).cloned();
        if let Some(key) = find(&held).filter(|_| good) {
            return Ok(key);
        }
        let unknown = PushError::Untrusted("it is signed with a key that Google does not publish");
        if held.asked.is_some_and(|asked| now < asked + ASK_AGAIN) {
            let away = || PushError::Unavailable("they were asked for a moment ago and did not come".to_owned());
            return Err(if good { unknown } else { away() });
        }
        // Noted before asking: what fails is left alone as long as what answers.
        held.asked = Some(now);
        let (keys, lasts) = fetch(http, url).await?;
        (held.keys, held.good_until) = (keys, Some(now + lasts));
        find(&held).ok_or(unknown)
    }
}

async fn fetch(http: &Http, url: &str) -> Result<(Vec<Key>, TimeDelta), PushError> {
    let request = http.get("google_keys", url).timeout(PATIENCE).max_body(LARGEST).safe_to_repeat(2);
    let response = request.send().await.map_err(|error| PushError::Unavailable(error.to_string()))?;
    if !response.status.is_success() {
        return Err(PushError::Unavailable(format!("status {}", response.status.as_u16())));
    }
    let answer: Value = response.json().map_err(|error| PushError::Unavailable(error.to_string()))?;
    let keys: Vec<Key> = each(&answer["keys"]).filter_map(key).collect();
    if keys.is_empty() {
        return Err(PushError::Unavailable("there is none in the answer".to_owned()));
    }
    Ok((keys, max_age(&response)))
}

fn key(published: &Value) -> Option<Key> {
    let other = |name: &str, ours: &str| published[name].as_str().is_some_and(|told| told != ours);
    if published["kty"] != "RSA" || other("use", "sig") || other("alg", "RS256") {
        return None;
    }
    // ring refuses zero bytes before a number.
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(published[name].as_str()?.trim_end_matches('=')).ok()?;
        Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>())
    };
    Some(Key { id: wire::text(&published["kid"])?, modulus: number("n")?, exponent: number("e")? })
}

/// How long an answer may be kept.
fn max_age(response: &Response) -> TimeDelta {
    let (usual, least, most) = KEPT_S;
    let said = response.header("cache-control").unwrap_or_default();
    let said = said.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    TimeDelta::seconds(said.unwrap_or(usual).clamp(least, most))
}

/// A token whose parts read; nothing in it is proved.
struct Token<'a> {
    key: String,
    message: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    fn read(token: &'a str) -> Result<Self, PushError> {
        let malformed = || PushError::Untrusted("its token is not a signed one");
        if token.len() > LONGEST {
            return Err(PushError::Untrusted("its token is too long"));
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) =
            message.split_once('.').filter(|(_, rest)| !rest.contains('.')).ok_or_else(malformed)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
        if header.alg != "RS256" || header.crit.is_some() {
            return Err(PushError::Untrusted("its token is signed in a way that Google does not sign"));
        }
        Ok(Self { key: header.kid, message, payload: decode(payload)?, signature: decode(signature)? })
    }
}

impl Claims {
    fn check(&self, expected: Expected<'_>, now: DateTime<Utc>) -> Result<(), PushError> {
        let now = now.timestamp() as f64;
        let wrong = if !ISSUERS.contains(&self.iss.as_str()) {
            "its token is not of Google"
        } else if expected.audience.is_empty() || self.aud != expected.audience {
            "its token is for another audience"
        } else if now >= self.exp + SKEW_S {
            "its token has expired"
        } else if self.iat > now + SKEW_S {
            "its token comes from the future"
        } else if !self.email_verified || expected.service_account.is_empty() || self.email != expected.service_account
        {
            "its token is of another account"
        } else {
            return Ok(());
        };
        Err(PushError::Untrusted(wrong))
    }
}

/// What a push tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The message's own name: the same again is the same push.
    pub id: String,
    /// Such as `accounts/123`.
    pub account: String,
    /// Such as `locations/456`.
    pub location: String,
    /// Streams to read again.
    pub wake: Vec<String>,
}

/// Reads a push; none where it is not one about Business Profile.
pub fn read(body: &[u8]) -> Option<Push> {
    let push: Value = serde_json::from_slice(body).ok()?;
    let message = &push["message"];
    let id = [&message["messageId"], &message["message_id"]].into_iter().find_map(wire::id)?;
    let data = STANDARD.decode(message["data"].as_str()?).ok()?;
    let told: Value = serde_json::from_slice(&data).ok()?;
    let review = [&told["review"], &told["review_name"]].into_iter().find_map(wire::text);
    let place = [&told["location"], &told["location_name"]].into_iter().find_map(wire::text);
    let named = place.or_else(|| review.clone())?;
    let mut parts = named.split('/');
    let (Some("accounts"), Some(account), Some("locations"), Some(location)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let kind = told["type"].as_str().unwrap_or_default();
    let wake = if review.is_some() || kind.ends_with("_REVIEW") { vec!["reviews".to_owned()] } else { Vec::new() };
    Some(Push { id, account: format!("accounts/{account}"), location: format!("locations/{location}"), wake })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn claims(changes: &[(&str, Value)]) -> Result<(), PushError> {
        let mut all = json!({
            "iss": "https://accounts.google.com", "aud": "https://us.example.com/push", "sub": "1089", "azp": "1089", "exp": NOW + 3_600,
            "iat": NOW, "email": "push@acme.iam.gserviceaccount.com", "email_verified": true,
        });
        for (name, value) in changes {
            all[*name] = value.clone();
        }
        let expected = Expected {
            keys_url: "",
            audience: "https://us.example.com/push",
            service_account: "push@acme.iam.gserviceaccount.com",
        };
        let claims: Claims = serde_json::from_value(all).expect("claims");
        claims.check(expected, DateTime::from_timestamp(NOW, 0).expect("an instant"))
    }

    #[test]
    fn each_claim_must_be_right() {
        assert_eq!(claims(&[]), Ok(()));
        assert_eq!(claims(&[("iss", json!("accounts.google.com")), ("exp", json!(NOW - 59))]), Ok(()));
        for wrong in [
            ("iss", json!("https://accounts.google.com.evil.example")),
            ("aud", json!("https://us.example.com/push/")),
            ("aud", json!("")),
            ("exp", json!(NOW - 60)),
            ("iat", json!(NOW + 61)),
            ("email", json!("other@acme.iam.gserviceaccount.com")),
            ("email", json!("")),
            ("email_verified", json!(false)),
        ] {
            assert!(claims(std::slice::from_ref(&wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused_before_a_key_is_looked_for() {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let with = |header: Value| format!("{}.{}.AAAA", part(header), part(json!({})));
        assert!(Token::read(&with(json!({ "alg": "RS256", "kid": "k" }))).is_ok());
        for alg in ["none", "HS256", "rs256", "ES256"] {
            assert!(Token::read(&with(json!({ "alg": alg, "kid": "k" }))).is_err(), "{alg}");
        }
        assert!(Token::read(&with(json!({ "alg": "RS256", "kid": "k", "crit": ["exp"] }))).is_err());
        for text in ["", ".", "a.b", "a.b.c.d", &"x".repeat(20_000)] {
            assert!(Token::read(text).is_err(), "{text:.20}");
        }
    }

    #[test]
    fn a_push_names_its_place_and_wakes_the_reviews() {
        let body = br#"{"message":{"data":"eyJ0eXBlIjoiTkVXX1JFVklFVyIsImxvY2F0aW9uIjoiYWNjb3VudHMvMTAwMS9sb2NhdGlvbnMvMjAwMiIsInJldmlldyI6ImFjY291bnRzLzEwMDEvbG9jYXRpb25zLzIwMDIvcmV2aWV3cy9BYkMxIn0=","messageId":"12345","publishTime":"2026-10-01T08:00:00Z","attributes":{}},"subscription":"projects/acme/subscriptions/gbp-reviews-push"}"#;
        let push = read(body).expect("a push");
        assert_eq!(
            (push.id.as_str(), push.account.as_str(), push.location.as_str()),
            ("12345", "accounts/1001", "locations/2002")
        );
        assert_eq!(push.wake, ["reviews"]);
        let of = |told: Value| {
            read(
                json!({ "message": { "messageId": 7, "data": STANDARD.encode(told.to_string()) } })
                    .to_string()
                    .as_bytes(),
            )
        };
        let other = of(json!({ "type": "GOOGLE_UPDATE", "location_name": "accounts/1/locations/2" })).expect("a push");
        assert!(other.wake.is_empty());
        let named =
            of(json!({ "type": "UPDATED_REVIEW", "review_name": "accounts/1/locations/2/reviews/x" })).expect("a push");
        assert_eq!((named.location.as_str(), named.wake.len()), ("locations/2", 1));
        assert!(of(json!({ "type": "NEW_REVIEW", "location": "locations/2" })).is_none());
        assert!(read(br#"{"message":{"data":"!","messageId":"1"}}"#).is_none() && read(b"[]").is_none());
    }
}
