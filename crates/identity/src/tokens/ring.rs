//! The key ring: one key signs, several verify. A key signs for thirty days and verifies for sixty; an operator makes another
//! one sign earlier, or ends every older one, with [`rotate`].

#[cfg(test)]
mod attacks;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use kernel::Kernel;
use kernel::db::system::{self, SigningKeyRow};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use shell::AppError;

use super::Claims;
use crate::secrets;

const SIGNS_FOR: Duration = Duration::days(30);
const VERIFIES_FOR: Duration = Duration::days(60);
/// A token that names an unknown key makes us look for it, but not more often than this.
const RELOAD_EVERY: std::time::Duration = std::time::Duration::from_secs(2);

/// What an operator changed is noticed within this time.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// The signing keys of the installation. Cheap to clone.
#[derive(Clone)]
pub struct KeyRing {
    kernel: Kernel,
    keys: Arc<RwLock<Keys>>,
}

struct Keys {
    kid: String,
    pair: Arc<Ed25519KeyPair>,
    signs_until: DateTime<Utc>,
    public: HashMap<String, Vec<u8>>,
    loaded: Instant,
}

/// A signature over bytes, with what checks it.
pub(crate) struct Stamp {
    pub(crate) signature: Vec<u8>,
    pub(crate) kid: String,
    pub(crate) public_key: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

impl KeyRing {
    /// Loads the keys, making the first one.
    pub async fn open(kernel: &Kernel) -> Result<Self, AppError> {
        let keys = load(kernel).await?;
        Ok(Self { kernel: kernel.clone(), keys: Arc::new(RwLock::new(keys)) })
    }

    /// A signed token with these claims.
    pub(crate) async fn sign(&self, claims: &Claims) -> Result<String, AppError> {
        if self.read(|keys| self.kernel.clock.now() >= keys.signs_until || keys.loaded.elapsed() >= LOOK_EVERY) {
            self.reload().await?;
        }
        let (kid, pair) = self.read(|keys| (keys.kid.clone(), keys.pair.clone()));
        let header = Header { alg: "EdDSA".into(), typ: "JWT".into(), kid };
        let part = |json: serde_json::Result<Vec<u8>>| {
            Ok::<_, AppError>(URL_SAFE_NO_PAD.encode(json.map_err(AppError::internal)?))
        };
        let signed = format!("{}.{}", part(serde_json::to_vec(&header))?, part(serde_json::to_vec(claims))?);
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
        Ok(format!("{signed}.{signature}"))
    }

    /// Signs bytes that are to be checked years later: with the key itself, since it is published for two months only.
    pub(crate) async fn stamp(&self, bytes: &[u8]) -> Result<Stamp, AppError> {
        if self.read(|keys| self.kernel.clock.now() >= keys.signs_until) {
            self.reload().await?;
        }
        let (kid, pair) = self.read(|keys| (keys.kid.clone(), keys.pair.clone()));
        let public_key = pair.public_key().as_ref().to_vec();
        Ok(Stamp { signature: pair.sign(bytes).as_ref().to_vec(), kid, public_key })
    }

    /// The claims of a token that we signed and that has not ended.
    pub(crate) async fn verify(&self, token: &str) -> Result<Option<Claims>, AppError> {
        let Some((signed, signature)) = token.rsplit_once('.') else { return Ok(None) };
        let Some((header, claims)) = signed.split_once('.') else { return Ok(None) };
        let Some(header) = json::<Header>(header).filter(|header| header.alg == "EdDSA") else { return Ok(None) };
        let Some(public) = self.public(&header.kid).await? else { return Ok(None) };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Ok(None) };
        if UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &signature).is_err() {
            return Ok(None);
        }
        Ok(json::<Claims>(claims).filter(|claims| claims.stands(self.kernel.clock.now())))
    }

    /// Every key that may have signed a token that still stands.
    pub(super) fn published(&self) -> Vec<(String, Vec<u8>)> {
        let mut all: Vec<_> =
            self.read(|keys| keys.public.iter().map(|(kid, key)| (kid.clone(), key.clone())).collect());
        all.sort();
        all
    }

    async fn public(&self, kid: &str) -> Result<Option<Vec<u8>>, AppError> {
        let (found, age) = self.read(|keys| (keys.public.get(kid).cloned(), keys.loaded.elapsed()));
        if age < if found.is_some() { LOOK_EVERY } else { RELOAD_EVERY } {
            return Ok(found);
        }
        self.reload().await?;
        Ok(self.read(|keys| keys.public.get(kid).cloned()))
    }

    async fn reload(&self) -> Result<(), AppError> {
        let fresh = load(&self.kernel).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn read<T>(&self, get: impl FnOnce(&Keys) -> T) -> T {
        get(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes a new key that signs from now on. With `retire` every older key goes: whatever it signed ends within a minute, and
/// people and programs go on with their sessions (programs after a refresh). Returns the new key's name.
pub async fn rotate(kernel: &Kernel, retire: bool) -> Result<String, AppError> {
    let (row, _) = make(kernel)?;
    system::add_signing_key(&kernel.db, &row).await?;
    if retire {
        system::retire_signing_keys(&kernel.db, &row.kid).await?;
    }
    Ok(row.kid)
}

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

async fn load(kernel: &Kernel) -> Result<Keys, AppError> {
    let now = kernel.clock.now();
    let rows = system::signing_keys(&kernel.db, now - VERIFIES_FOR).await?;
    let mut public: HashMap<_, _> = rows.iter().map(|row| (row.kid.clone(), row.public_key.clone())).collect();
    let young = rows.iter().filter(|row| now < row.created_at + SIGNS_FOR);
    // A key whose master key is gone only verifies; its tokens end within fifteen minutes anyway.
    let mut usable = young.filter_map(|row| Some((row.kid.clone(), row.created_at, open(kernel, row)?)));
    let (kid, made, pair) = if let Some(found) = usable.next() {
        found
    } else {
        let (row, pair) = make(kernel)?;
        system::add_signing_key(&kernel.db, &row).await?;
        public.insert(row.kid.clone(), row.public_key);
        (row.kid, row.created_at, pair)
    };
    Ok(Keys { kid, pair: Arc::new(pair), signs_until: made + SIGNS_FOR, public, loaded: Instant::now() })
}

fn make(kernel: &Kernel) -> Result<(SigningKeyRow, Ed25519KeyPair), AppError> {
    let failed = |what: &'static str| move |_| AppError::internal(anyhow::anyhow!(what));
    let document =
        Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed("no randomness for a signing key"))?;
    let pair = pair(document.as_ref())?;
    let kid = hex::encode(secrets::random::<8>()?);
    let (master_key, sealed) = kernel.vault.seal_own(&place(&kid), document.as_ref()).map_err(AppError::internal)?;
    let public_key = pair.public_key().as_ref().to_vec();
    Ok((SigningKeyRow { kid, public_key, sealed, master_key, created_at: kernel.clock.now() }, pair))
}

fn open(kernel: &Kernel, row: &SigningKeyRow) -> Option<Ed25519KeyPair> {
    let opened = kernel.vault.open_own(&place(&row.kid), &row.master_key, &row.sealed);
    match opened.map_err(anyhow::Error::new).and_then(|bytes| pair(&bytes)) {
        Ok(pair) => Some(pair),
        Err(error) => {
            tracing::warn!(kid = row.kid, error.cause = %error, "a signing key does not open; another one will sign");
            None
        }
    }
}

fn pair(pkcs8: &[u8]) -> anyhow::Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|error| anyhow::anyhow!("a signing key does not read: {error}"))
}

fn place(kid: &str) -> String {
    format!("signing_keys/{kid}")
}
