//! AES-256-GCM and the blind index, over `ring`.

use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

/// Length of every key in bytes.
pub(super) const KEY_LEN: usize = 32;

/// Why a value could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The organisation has no such key (it was erased, or never made).
    #[error("the organisation has no key for this value")]
    NoKey,
    /// The value was changed, moved to another row, or sealed with another key.
    #[error("the value does not open with this key and place")]
    Corrupt,
    /// The master key that wraps the data key is not configured.
    #[error(
        "the master key {0} is not configured; add it to RECOUP__VAULT__PREVIOUS_KEYS (or RECOUP__VAULT__KMS__KEY_ID)"
    )]
    UnknownMaster(String),
    /// An organisation has had as many data keys as can be told apart.
    #[error("the organisation has had 255 data keys, and there can be no more")]
    TooManyKeys,
    /// AWS KMS refuses; asking again does not help.
    #[error("AWS KMS refuses the key {key}: {code}: {message} ({remedy})")]
    Kms {
        /// Which key.
        key: String,
        /// The word of KMS.
        code: String,
        /// Its explanation.
        message: String,
        /// What to do.
        remedy: &'static str,
    },
    /// AWS KMS cannot be asked now; asking again may help.
    #[error("AWS KMS cannot be asked: {0}")]
    KmsAway(String),
    /// The failure of somebody who asked for the same keys at the same time.
    #[error(transparent)]
    Shared(Arc<VaultError>),
    /// The database could not be asked.
    #[error("the vault's keys cannot be read: {0}")]
    Database(#[from] sqlx::Error),
}

impl VaultError {
    /// The failure that several who asked together got: each gets it as if it had asked alone, where it can be copied.
    pub(super) fn of_shared(shared: Arc<Self>) -> Self {
        match &*shared {
            Self::NoKey => Self::NoKey,
            Self::Corrupt => Self::Corrupt,
            Self::TooManyKeys => Self::TooManyKeys,
            Self::UnknownMaster(id) => Self::UnknownMaster(id.clone()),
            Self::KmsAway(why) => Self::KmsAway(why.clone()),
            Self::Kms { key, code, message, remedy } => {
                Self::Kms { key: key.clone(), code: code.clone(), message: message.clone(), remedy }
            }
            Self::Database(_) | Self::Shared(_) => Self::Shared(shared),
        }
    }
}

/// An AES-256-GCM key with the key of the blind index derived from it.
pub(super) struct DataKey {
    aead: LessSafeKey,
    index: hmac::Key,
}

impl DataKey {
    pub(super) fn new(bytes: &[u8; KEY_LEN]) -> Result<Self, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| VaultError::Corrupt)?;
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), b"recoup blind index v1");
        Ok(Self { aead: LessSafeKey::new(key), index: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()) })
    }

    /// Version byte, nonce, ciphertext, tag.
    pub(super) fn seal(&self, version: i32, aad: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let version = u8::try_from(version).map_err(|_| VaultError::NoKey)?;
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut out = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        out.push(version);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(aad.as_bytes()));
        let tag = self
            .aead
            .seal_in_place_separate_tag(nonce, aad, &mut out[1 + NONCE_LEN..])
            .map_err(|_| VaultError::Corrupt)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    pub(super) fn open(&self, aad: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce: [u8; NONCE_LEN] =
            sealed.get(1..=NONCE_LEN).and_then(|bytes| bytes.try_into().ok()).ok_or(VaultError::Corrupt)?;
        let mut body = sealed[1 + NONCE_LEN..].to_vec();
        let plain = self
            .aead
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad.as_bytes()), &mut body)
            .map_err(|_| VaultError::Corrupt)?;
        Ok(plain.to_vec())
    }

    /// The first 16 bytes of an HMAC over field and value.
    pub(super) fn blind_index(&self, field: &str, value: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(field.as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        context.sign().as_ref()[..16].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_its_key_and_place_and_unchanged() {
        let key = DataKey::new(&[7; KEY_LEN]).expect("a key");
        let sealed = key.seal(1, "channels/1/token", b"secret").expect("sealed");
        assert_eq!(key.open("channels/1/token", &sealed).expect("opened"), b"secret");
        assert!(key.open("channels/2/token", &sealed).is_err());
        assert!(DataKey::new(&[8; KEY_LEN]).expect("a key").open("channels/1/token", &sealed).is_err());
        for at in 1..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open("channels/1/token", &changed).is_err(), "byte {at}");
        }
        assert!(key.open("channels/1/token", &sealed[..5]).is_err());
    }

    #[test]
    fn the_blind_index_separates_fields_and_values() {
        let key = DataKey::new(&[7; KEY_LEN]).expect("a key");
        assert_eq!(key.blind_index("email", "a@example.com"), key.blind_index("email", "a@example.com"));
        assert_ne!(key.blind_index("email", "a@example.com"), key.blind_index("phone", "a@example.com"));
        assert_ne!(key.blind_index("email", "a@example.com"), key.blind_index("email", "b@example.com"));
    }
}
