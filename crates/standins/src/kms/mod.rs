//! AWS KMS, as far as envelope encryption needs it: `GenerateDataKey`, `Encrypt` and `Decrypt` over JSON 1.1.
//!
//! It checks what KMS checks: the signature (version 4, over the request as it arrived), its age, the credentials, the key
//! and its state, and that the encryption context at decryption is the one at encryption.

mod signature;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::{Value, json};

use crate::delivery::Courier;
use crate::server::{Handle, Shared, Standin, locked};

/// How it is set up: who may ask.
#[derive(Clone, Debug)]
pub struct KmsConfig {
    /// The region it stands in.
    pub region: String,
    /// The access key that is known.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The session token it must come with, if any.
    pub session_token: Option<String>,
    /// The keys, by id or alias.
    pub keys: Vec<String>,
    /// The seed of its chances.
    pub seed: u64,
}

impl Default for KmsConfig {
    fn default() -> Self {
        Self {
            region: "eu-central-1".into(),
            access_key_id: "AKIDSTANDIN".into(),
            secret_access_key: "a-secret-of-the-stand-in".into(),
            session_token: None,
            keys: vec!["alias/recoup".into(), "alias/other".into()],
            seed: 1,
        }
    }
}

/// The system.
pub struct Kms {
    /// How it was set up.
    pub config: KmsConfig,
    shared: Arc<Shared>,
    keys: Mutex<BTreeMap<String, Key>>,
}

struct Key {
    aead: LessSafeKey,
    enabled: bool,
}

/// A refusal: its type and its message.
struct Refused(&'static str, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        worded(400, self.0, &self.1)
    }
}

fn worded(status: u16, kind: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(json!({ "__type": kind, "message": message }))).into_response()
}

/// Errors of the fault plan.
fn wording(status: u16, name: Option<&str>) -> Response {
    match name {
        Some(name) => worded(status, name, "this was asked for"),
        None => worded(status, "KMSInternalException", "this was asked for"),
    }
}

impl Standin for Kms {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

impl Kms {
    /// Starts it on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: KmsConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("kms", config.seed, wording);
        let key = |name: &String| {
            let bytes: [u8; 32] = rand::random();
            let aead = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| std::io::ErrorKind::Other)?;
            Ok::<_, std::io::Error>((name.clone(), Key { aead: LessSafeKey::new(aead), enabled: true }))
        };
        let keys = config.keys.iter().map(key).collect::<Result<_, _>>()?;
        let kms = Arc::new(Self { config, shared, keys: Mutex::new(keys) });
        let routes = Router::new().route("/", post(answer)).with_state(Arc::clone(&kms));
        Handle::start(bind, kms, routes).await
    }

    /// Disables or enables a key, as its administrator.
    pub fn enable(&self, key: &str, enabled: bool) {
        if let Some(key) = locked(&self.keys).get_mut(key) {
            key.enabled = enabled;
        }
    }

    fn seal(&self, id: &str, context: &str, plain: &[u8]) -> Result<String, Refused> {
        let keys = locked(&self.keys);
        let key = usable(&keys, id)?;
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut body = plain.to_vec();
        key.aead
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| Refused("KMSInternalException", "sealing failed".into()))?;
        let mut blob = vec![id.len() as u8];
        blob.extend(id.as_bytes());
        blob.extend(nonce);
        blob.extend(body);
        Ok(STANDARD.encode(blob))
    }

    fn open(&self, named: Option<&str>, context: &str, blob: &str) -> Result<(String, Vec<u8>), Refused> {
        let invalid = || Refused("InvalidCiphertextException", String::new());
        let blob = STANDARD.decode(blob).map_err(|_| invalid())?;
        let (length, rest) = blob.split_first().ok_or_else(invalid)?;
        let (id, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(invalid)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or_else(invalid)?;
        let id = String::from_utf8(id.to_vec()).map_err(|_| invalid())?;
        if named.is_some_and(|named| named != id) {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(Refused("IncorrectKeyException", message.into()));
        }
        let keys = locked(&self.keys);
        let key = usable(&keys, &id)?;
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| invalid())?;
        let mut body = body.to_vec();
        let plain = key
            .aead
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| invalid())?;
        Ok((id, plain.to_vec()))
    }
}

fn usable<'a>(keys: &'a BTreeMap<String, Key>, id: &str) -> Result<&'a Key, Refused> {
    let key = keys.get(id).ok_or_else(|| Refused("NotFoundException", format!("Key '{id}' does not exist")))?;
    if !key.enabled {
        return Err(Refused("DisabledException", format!("{id} is disabled.")));
    }
    Ok(key)
}

async fn answer(
    State(kms): State<Arc<Kms>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    signature::check(&kms.config, kms.shared.clock.now_s(), &uri, &headers, &body)?;
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asked: Value =
        serde_json::from_slice(&body).map_err(|error| Refused("SerializationException", error.to_string()))?;
    let missing = |field: &str| Refused("ValidationException", format!("{field} is missing"));
    let text = |field: &'static str| asked[field].as_str().ok_or_else(|| missing(field));
    // A map with its keys in order: `serde_json` keeps them so.
    let context = asked["EncryptionContext"].to_string();
    match target.strip_prefix("TrentService.") {
        Some("GenerateDataKey") => {
            if text("KeySpec")? != "AES_256" {
                return Err(Refused("ValidationException", "KeySpec is not known".into()));
            }
            let plain: [u8; 32] = rand::random();
            let blob = kms.seal(text("KeyId")?, &context, &plain)?;
            let id = text("KeyId")?;
            Ok(Json(json!({ "CiphertextBlob": blob, "Plaintext": STANDARD.encode(plain), "KeyId": id })))
        }
        Some("Encrypt") => {
            let plain = STANDARD.decode(text("Plaintext")?).map_err(|_| missing("Plaintext"))?;
            let blob = kms.seal(text("KeyId")?, &context, &plain)?;
            Ok(Json(
                json!({ "CiphertextBlob": blob, "KeyId": text("KeyId")?, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }),
            ))
        }
        Some("Decrypt") => {
            let (id, plain) = kms.open(asked["KeyId"].as_str(), &context, text("CiphertextBlob")?)?;
            Ok(Json(json!({ "Plaintext": STANDARD.encode(plain), "KeyId": id })))
        }
        _ => Err(Refused("UnknownOperationException", target.to_owned())),
    }
}
