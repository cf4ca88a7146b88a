//! What Pub/Sub pushes about Business Profile: a body, and a token of `OpenID` Connect for the subscription's service account, signed
//! with RS256. The keys are made for tests alone and prove nothing anywhere else.

use axum::Json;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use serde_json::{Value, json};

/// The name of the key that signs.
const KEY: &str = "standin-key-1";

/// Which key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The one that is published.
    Published,
    /// One that is not, under the name of the published one.
    Foreign,
    /// One that is not, under a name that is not published.
    Unknown,
}

fn pair(by: By) -> RsaKeyPair {
    let pem = match by {
        By::Published => include_str!("test-only-published.key.pem"),
        By::Foreign | By::Unknown => include_str!("test-only-foreign.key.pem"),
    };
    let text: String = pem.lines().filter(|line| !line.starts_with("--")).collect();
    let key = STANDARD.decode(text).expect("the file beside this one is PEM");
    RsaKeyPair::from_pkcs8(&key).expect("the file beside this one is a key")
}

/// What the token of a push says, for an audience and a service account, at `now_s`.
pub fn claims(audience: &str, account: &str, now_s: i64) -> Value {
    json!({
        "aud": audience, "azp": "113774264463038321964", "email": account, "email_verified": true, "exp": now_s + 3_600, "iat": now_s,
        "iss": "https://accounts.google.com", "sub": "113774264463038321964",
    })
}

/// A token that says `claims`.
pub fn token(claims: &Value, by: By) -> String {
    let name = if by == By::Unknown { "standin-key-9" } else { KEY };
    let header = json!({ "alg": "RS256", "kid": name, "typ": "JWT" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let key = pair(by);
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
        .expect("the system has randomness");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The body of a push that carries `told`.
pub fn body(id: &str, told: &Value) -> Value {
    json!({
        "message": {
            "attributes": {}, "data": STANDARD.encode(told.to_string()), "messageId": id, "message_id": id,
            "publishTime": "2026-10-01T08:00:00.123Z", "publish_time": "2026-10-01T08:00:00.123Z",
        },
        "subscription": "projects/acme/subscriptions/gbp-reviews-push",
    })
}

/// `GET /oauth2/v3/certs`.
pub(super) async fn certs() -> Response {
    let public: RsaPublicKeyComponents<Vec<u8>> = pair(By::Published).public().into();
    let [n, e] = [public.n, public.e].map(|number| URL_SAFE_NO_PAD.encode(number));
    let other =
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "other", "x": "AQ", "y": "AQ" });
    let key = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY, "n": n, "e": e });
    ([(CACHE_CONTROL, "public, max-age=19530, must-revalidate, no-transform")], Json(json!({ "keys": [other, key] })))
        .into_response()
}
