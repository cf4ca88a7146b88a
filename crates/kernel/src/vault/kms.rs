//! A master key that never leaves AWS KMS: data keys are wrapped and unwrapped by it over its JSON 1.1 protocol.
//!
//! The encryption context says whose data key it is; KMS binds it to the ciphertext and writes it into `CloudTrail`, so every
//! unwrapping can be accounted for there too. Unwrapped data keys are kept in memory for a few minutes ([`super::Vault::of`]),
//! so that a message does not wait for KMS.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::cipher::{KEY_LEN, VaultError};
use super::master::{Holder, MasterKey};
use super::sigv4::{Credentials, ToSign, amz_date};
use crate::clock::Clock;
use crate::config::KmsConfig;
use crate::http::{Http, Url, header::HeaderName};

/// Before the name of every key of KMS, beside what it wraps.
const PREFIX: &str = "kms:";
const SERVICE: &str = "kms";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// Waits before asking again when KMS says that it is asked too often (it says so with status 400).
const WAITS: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1_600)];
/// A data key is unwrapped while somebody waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// KMS as a master key.
pub struct Kms {
    id: String,
    key_id: String,
    region: String,
    endpoint: String,
    credentials: Credentials,
    http: Http,
    clock: Clock,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    ciphertext_blob: String,
    #[serde(default)]
    plaintext: String,
}

/// What KMS says when it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default, rename = "__type")]
    kind: String,
    #[serde(default, alias = "Message")]
    message: String,
}

impl Kms {
    pub(super) fn new(config: &KmsConfig, http: Http, clock: Clock) -> Self {
        let KmsConfig { key_id, region, access_key_id, secret_access_key, session_token, .. } = config.clone();
        Self {
            id: format!("{PREFIX}{key_id}"),
            key_id,
            region,
            endpoint: config.endpoint(),
            credentials: Credentials {
                access_key_id,
                secret_access_key,
                session_token: Some(session_token).filter(|token| !token.is_empty()),
            },
            http,
            clock,
        }
    }

    async fn call(&self, operation: &str, body: Value) -> Result<Answer, VaultError> {
        let body = body.to_string().into_bytes();
        let mut waits = WAITS.into_iter();
        loop {
            match self.once(operation, &body).await {
                Err(VaultError::Kms { code, .. }) if is_throttling(&code) => match waits.next() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(VaultError::KmsAway(format!("it is asked too often ({code})"))),
                },
                result => return result,
            }
        }
    }

    async fn once(&self, operation: &str, body: &[u8]) -> Result<Answer, VaultError> {
        let away = |error: String| VaultError::KmsAway(error);
        let url = Url::parse(&self.endpoint).map_err(|error| away(error.to_string()))?;
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let at = self.clock.now();
        let (date, target) = (amz_date(at), format!("TrentService.{operation}"));
        let mut headers =
            vec![("content-type", CONTENT_TYPE), ("host", &host), ("x-amz-date", &date), ("x-amz-target", &target)];
        if let Some(token) = &self.credentials.session_token {
            headers.push(("x-amz-security-token", token.reveal()));
        }
        let to_sign = ToSign {
            region: &self.region,
            service: SERVICE,
            method: "POST",
            path: url.path(),
            headers: &headers,
            body,
            at,
        };
        let authorization = to_sign.authorization(&self.credentials);
        // Asking again has no effect beyond the answer: a data key that nobody received wraps nothing.
        let mut request = self.http.post(SERVICE, &self.endpoint).timeout(PATIENCE).safe_to_repeat(3);
        for (name, value) in headers.iter().filter(|(name, _)| !matches!(*name, "host" | "content-type")) {
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request.header(HeaderName::from_static("authorization"), authorization);
        let answer = request.body(CONTENT_TYPE, body.to_vec()).send().await.map_err(|error| away(error.to_string()))?;
        if answer.status.is_success() {
            return answer.json().map_err(|error| away(error.to_string()));
        }
        if answer.status.is_server_error() {
            return Err(away(format!("it answers {}", answer.status)));
        }
        let Refusal { kind, message } = answer.json().unwrap_or_default();
        let code = kind.rsplit('#').next().unwrap_or_default().to_owned();
        Err(refused(&self.key_id, code, message))
    }
}

/// The holder as KMS writes it into its log.
fn context(holder: Holder) -> Value {
    match holder.org {
        Some(org) => json!({ "recoup:org": org, "recoup:version": holder.version.to_string() }),
        None => json!({ "recoup:installation": "own", "recoup:version": holder.version.to_string() }),
    }
}

fn is_throttling(code: &str) -> bool {
    matches!(code, "ThrottlingException" | "LimitExceededException" | "RequestLimitExceeded")
}

fn refused(key: &str, code: String, message: String) -> VaultError {
    let remedy = match code.as_str() {
        "AccessDeniedException" => "allow kms:GenerateDataKey, kms:Encrypt and kms:Decrypt for these credentials",
        "DisabledException" => "enable the key again",
        "KMSInvalidStateException" => "the key is pending deletion or unavailable; cancel its deletion",
        "NotFoundException" => "look at RECOUP__VAULT__KMS__KEY_ID and the region",
        "InvalidCiphertextException" | "IncorrectKeyException" => return VaultError::Corrupt,
        "InvalidSignatureException" | "SignatureDoesNotMatch" => {
            "look at the secret access key, the region and this machine's clock"
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" | "MissingAuthenticationTokenException" => {
            "look at the access key id"
        }
        "ExpiredTokenException" => "the temporary credentials have ended; give new ones and restart",
        _ => "see the message",
    };
    VaultError::Kms { key: key.to_owned(), code, message, remedy }
}

fn plain(answer: &Answer) -> Result<[u8; KEY_LEN], VaultError> {
    STANDARD.decode(&answer.plaintext).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(VaultError::Corrupt)
}

fn wrapped(answer: &Answer) -> Result<Vec<u8>, VaultError> {
    STANDARD.decode(&answer.ciphertext_blob).ok().filter(|bytes| !bytes.is_empty()).ok_or(VaultError::Corrupt)
}

#[async_trait]
impl MasterKey for Kms {
    fn id(&self) -> &str {
        &self.id
    }

    /// Any key of KMS: which one it was stands in its name, and the credentials decide.
    fn opens(&self, id: &str) -> bool {
        id.starts_with(PREFIX)
    }

    async fn wrap(&self, holder: Holder, plain: &[u8; KEY_LEN]) -> Result<Vec<u8>, VaultError> {
        let body = json!({
            "KeyId": self.key_id, "Plaintext": STANDARD.encode(plain), "EncryptionContext": context(holder),
        });
        wrapped(&self.call("Encrypt", body).await?)
    }

    async fn unwrap(&self, holder: Holder, id: &str, wrapped: &[u8]) -> Result<[u8; KEY_LEN], VaultError> {
        let body = json!({
            "KeyId": id.trim_start_matches(PREFIX), "CiphertextBlob": STANDARD.encode(wrapped),
            "EncryptionContext": context(holder),
        });
        plain(&self.call("Decrypt", body).await?)
    }

    async fn fresh(&self, holder: Holder) -> Result<([u8; KEY_LEN], Vec<u8>), VaultError> {
        let body = json!({ "KeyId": self.key_id, "KeySpec": "AES_256", "EncryptionContext": context(holder) });
        let answer = self.call("GenerateDataKey", body).await?;
        Ok((plain(&answer)?, wrapped(&answer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do_and_a_foreign_ciphertext_is_what_it_is() {
        let error = refused("alias/recoup", "AccessDeniedException".into(), "User is not authorized".into());
        let text = error.to_string();
        assert!(
            text.contains("alias/recoup") && text.contains("kms:Decrypt") && text.contains("not authorized"),
            "{text}"
        );
        assert!(matches!(refused("k", "InvalidCiphertextException".into(), String::new()), VaultError::Corrupt));
        assert!(is_throttling("ThrottlingException") && !is_throttling("DisabledException"));
    }
}
