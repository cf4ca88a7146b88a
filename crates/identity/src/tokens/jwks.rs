//! `GET /.well-known/jwks.json`: the public keys, for services that check our tokens themselves.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use shell::Json;

use crate::Identity;

#[derive(Serialize)]
struct KeySet {
    keys: Vec<Key>,
}

/// A key as RFC 8037 writes it.
#[derive(Serialize)]
struct Key {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    used_for: &'static str,
    kid: String,
    x: String,
}

pub(crate) async fn jwks(State(identity): State<Identity>) -> impl IntoResponse {
    let key = |(kid, public): (String, Vec<u8>)| Key {
        kty: "OKP",
        crv: "Ed25519",
        alg: "EdDSA",
        used_for: "sig",
        kid,
        x: URL_SAFE_NO_PAD.encode(public),
    };
    let keys = identity.keys().published().into_iter().map(key).collect();
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(KeySet { keys }))
}
