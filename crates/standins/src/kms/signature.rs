//! Signature Version 4, checked over the request as it arrived.

use axum::http::{HeaderMap, Uri};
use chrono::{NaiveDateTime, TimeDelta};
use ring::{digest, hmac};

use super::{KmsConfig, Refused};

/// How far the signer's clock may be off.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// Refuses what KMS refuses before it looks at the request.
pub(super) fn check(
    config: &KmsConfig,
    now_s: i64,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), Refused> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let missing = || Refused("MissingAuthenticationTokenException", "Missing Authentication Token".into());
    let signed = header("authorization").strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(missing)?;
    let mut parts = signed.split(", ").filter_map(|part| part.split_once('='));
    let mut part =
        |wanted: &str| parts.next().filter(|(name, _)| *name == wanted).map(|(_, value)| value).ok_or_else(missing);
    let (credential, names, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);

    let date = header("x-amz-date");
    let at = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").map_err(|_| missing())?.and_utc();
    let wrong = |message: String| Refused("InvalidSignatureException", message);
    if (at.timestamp() - now_s).abs() > SKEW.num_seconds() {
        return Err(wrong(format!("Signature expired: {date}")));
    }
    let scope = format!("{}/{}/kms/aws4_request", &date[..8], config.region);
    let (access_key, given_scope) = credential.split_once('/').ok_or_else(missing)?;
    if access_key != config.access_key_id {
        return Err(Refused(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.".into(),
        ));
    }
    if config.session_token.as_deref().unwrap_or_default() != header("x-amz-security-token") {
        return Err(Refused("UnrecognizedClientException", "The session token is not that of the key.".into()));
    }
    if given_scope != scope {
        return Err(wrong(format!("Credential should be scoped to {scope}, not {given_scope}")));
    }
    let names: Vec<&str> = names.split(';').collect();
    let needed = headers.keys().map(axum::http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    for name in needed.chain(["host"]) {
        if !names.contains(&name) {
            return Err(wrong(format!("{name} is not signed")));
        }
    }

    let lines: Vec<String> = names.iter().map(|name| format!("{name}:{}", header(name).trim())).collect();
    let (path, lines, names) = (uri.path(), lines.join("\n"), names.join(";"));
    let canonical = format!("POST\n{path}\n\n{lines}\n\n{names}\n{}", sha256(body));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = format!("AWS4{}", config.secret_access_key).into_bytes();
    for step in scope.split('/') {
        key = mac(&key, step.as_bytes());
    }
    if hex::encode(mac(&key, text.as_bytes())) != signature {
        return Err(wrong("The request signature we calculated does not match the signature you provided.".into()));
    }
    Ok(())
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}
