//! A master key on this machine: given by configuration or kept in the data directory.

use std::path::Path;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use super::cipher::{DataKey, KEY_LEN, VaultError};
use super::master::{Holder, MasterKey};
use crate::config::{ConfigError, Secret, decode_key};

/// AES-256-GCM with a key in memory.
pub struct LocalKey {
    id: String,
    key: DataKey,
}

impl LocalKey {
    /// A key as bytes.
    pub fn new(bytes: &[u8; KEY_LEN]) -> Result<Self, VaultError> {
        // Named beside what it wraps by the first 8 bytes of its SHA-256.
        let id = hex::encode(&digest::digest(&digest::SHA256, bytes).as_ref()[..8]);
        Ok(Self { id, key: DataKey::new(bytes)? })
    }

    pub(super) fn decoded(text: &Secret) -> Result<Self, ConfigError> {
        let bytes = decode_key(text).ok_or_else(|| ConfigError::Invalid("a master key is not 32 bytes".into()))?;
        Self::new(&bytes).map_err(|error| ConfigError::Invalid(error.to_string()))
    }

    pub(super) fn of_file(path: &Path) -> Result<Self, ConfigError> {
        Self::new(&key_file(path)?).map_err(|error| ConfigError::Invalid(error.to_string()))
    }
}

#[async_trait]
impl MasterKey for LocalKey {
    fn id(&self) -> &str {
        &self.id
    }

    fn opens(&self, id: &str) -> bool {
        self.id == id
    }

    async fn wrap(&self, holder: Holder, plain: &[u8; KEY_LEN]) -> Result<Vec<u8>, VaultError> {
        self.key.seal(1, &holder.place(), plain)
    }

    async fn unwrap(&self, holder: Holder, _: &str, wrapped: &[u8]) -> Result<[u8; KEY_LEN], VaultError> {
        self.key.open(&holder.place(), wrapped)?.try_into().map_err(|_| VaultError::Corrupt)
    }

    fn open_direct(&self, place: &str, sealed: &[u8]) -> Option<Result<Vec<u8>, VaultError>> {
        Some(self.key.open(&format!("installation/{place}"), sealed))
    }
}

fn key_file(path: &Path) -> Result<[u8; KEY_LEN], ConfigError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let read_error = |source| ConfigError::Read { path: path.display().to_string(), source };
    match std::fs::read_to_string(path) {
        Ok(text) => decode_key(&Secret::new(text))
            .ok_or_else(|| ConfigError::Invalid(format!("{} is not base64 of 32 bytes", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(read_error)?;
            }
            let key: [u8; KEY_LEN] = rand::random();
            let created = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            match created {
                Ok(mut file) => {
                    let text = STANDARD.encode(key);
                    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(read_error)?;
                    Ok(key)
                }
                // Another process made it a moment ago.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => key_file(path),
                Err(error) => Err(read_error(error)),
            }
        }
        Err(error) => Err(read_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;
    use crate::ids::OrgId;

    #[tokio::test]
    async fn a_data_key_unwraps_for_its_holder_and_with_its_master_key_only() {
        let clock = Clock::system();
        let (one, two) = (LocalKey::new(&[1; KEY_LEN]).expect("a key"), LocalKey::new(&[2; KEY_LEN]).expect("a key"));
        let holder = Holder { org: Some(OrgId::new(&clock)), version: 1 };
        let (plain, wrapped) = one.fresh(holder).await.expect("made");
        assert_eq!(one.unwrap(holder, one.id(), &wrapped).await.expect("unwrapped"), plain);
        for other in [
            Holder { version: 2, ..holder },
            Holder { org: Some(OrgId::new(&clock)), ..holder },
            Holder { org: None, ..holder },
        ] {
            assert!(one.unwrap(other, one.id(), &wrapped).await.is_err(), "{other:?}");
        }
        assert!(two.unwrap(holder, two.id(), &wrapped).await.is_err());
        assert!(one.opens(one.id()) && !one.opens(two.id()));
    }

    #[test]
    fn the_key_file_is_made_once_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("below").join("master.key");
        let made = LocalKey::of_file(&path).expect("made");
        assert_eq!(LocalKey::of_file(&path).expect("read").id, made.id);
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "not a key").expect("written");
        assert!(LocalKey::of_file(&path).is_err());
    }
}
