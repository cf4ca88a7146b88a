//! The token endpoint and userinfo.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::{digest, hmac};
use serde_json::{Value, json};

use super::keys::By;
use super::{Inside, Oidc, Twist};
use crate::server::locked;

pub(super) async fn exchange(
    State(oidc): State<Arc<Oidc>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let get = |name: &str| form.get(name).cloned().unwrap_or_default();
    let presented = presented(&headers).unwrap_or_else(|| (get("client_id"), get("client_secret")));
    if presented != (oidc.config.client_id.clone(), oidc.config.client_secret.clone()) {
        return failure(StatusCode::UNAUTHORIZED, "invalid_client", "The client secret supplied is invalid");
    }
    let mut state = locked(&oidc.state);
    let grant = state.grants.remove(&get("code"));
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, get("code_verifier").as_bytes()));
    let fits = |grant: &super::Grant| grant.redirect_uri == get("redirect_uri") && grant.challenge == challenge;
    let Some(grant) = grant.filter(|grant| get("grant_type") == "authorization_code" && fits(grant)) else {
        return failure(StatusCode::BAD_REQUEST, "invalid_grant", "The code is not valid");
    };
    let access = format!("access-{}", oidc.shared.dice.word(24));
    let subject = state.person.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
    state.access.insert(access.clone(), subject);
    let id_token = id_token(&oidc, &state, &grant.nonce, &access);
    Json(json!({ "access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token }))
        .into_response()
}

pub(super) async fn userinfo(State(oidc): State<Arc<Oidc>>, headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let state = locked(&oidc.state);
    let Some(subject) = token.strip_prefix("Bearer ").and_then(|token| state.access.get(token)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let mut claims = state.userinfo.clone();
    claims.insert("sub".into(), if state.twist == Twist::Userinfo { json!("somebody else") } else { json!(subject) });
    Json(Value::Object(claims)).into_response()
}

fn id_token(oidc: &Oidc, state: &Inside, nonce: &str, access: &str) -> String {
    let now = oidc.shared.clock.now_s();
    let (alg, kid) = state.keys.signing();
    let whole = digest::digest(if alg == "EdDSA" { &digest::SHA512 } else { &digest::SHA256 }, access.as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&whole.as_ref()[..whole.as_ref().len() / 2]);
    let mut claims = state.person.clone();
    for (name, value) in [
        ("iss", json!(oidc.shared.base_url())),
        ("aud", json!(oidc.config.client_id)),
        ("iat", json!(now)),
        ("exp", json!(now + 300)),
        ("nonce", json!(nonce)),
        ("at_hash", json!(half)),
    ] {
        claims.insert(name.into(), value);
    }
    let mut set = |name: &str, value: Value| claims.insert(name.into(), value);
    match state.twist {
        Twist::Issuer => drop(set("iss", json!("https://honest.example"))),
        Twist::Audience => drop(set("aud", json!("another-client"))),
        Twist::AuthorizedParty => {
            set("aud", json!([oidc.config.client_id, "another-client"]));
            set("azp", json!("another-client"));
        }
        Twist::Nonce => drop(set("nonce", json!("another-nonce"))),
        Twist::NoNonce => drop(claims.remove("nonce")),
        Twist::Expired => {
            set("iat", json!(now - 500));
            set("exp", json!(now - 120));
        }
        Twist::Future => drop(set("iat", json!(now + 3_600))),
        Twist::NotYet => drop(set("nbf", json!(now + 3_600))),
        Twist::AccessHash => drop(set("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))),
        _ => {}
    }
    let header = match state.twist {
        Twist::AlgNone => json!({ "alg": "none" }),
        Twist::AlgHmac => json!({ "alg": "HS256", "kid": kid }),
        Twist::UnknownKey => json!({ "alg": alg, "kid": "key-of-nobody" }),
        _ => json!({ "alg": alg, "kid": kid, "typ": "JWT" }),
    };
    let message = format!("{}.{}", b64(&header), b64(&Value::Object(claims)));
    let signature = match state.twist {
        Twist::AlgNone => String::new(),
        Twist::AlgHmac => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &state.keys.public_bytes());
            URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes()))
        }
        Twist::ForeignKey => state.keys.sign(&message, By::Foreign),
        _ => state.keys.sign(&message, By::Published),
    };
    format!("{message}.{signature}")
}

fn b64(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn failure(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}

/// The client of an `Authorization: Basic` header, decoded as RFC 6749 2.3.1 says.
fn presented(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((decoded(id), decoded(secret)))
}

/// Percent-encoded for a query.
pub(super) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                at += 1;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
