//! Master keys: they wrap data keys and are never in the database. Given by configuration or kept in the data directory.

use std::path::Path;

use base64::Engine;
use ring::digest;

use super::cipher::{DataKey, KEY_LEN, VaultError};
use crate::config::{ConfigError, Secret, VaultConfig};
use crate::ids::OrgId;

/// The current master key and those before it.
pub struct MasterKeys {
    keys: Vec<(String, DataKey)>,
}

impl MasterKeys {
    /// Takes the configured keys, or the one in the data directory, which is made on first use (mode 0600).
    pub fn load(config: &VaultConfig, data_dir: &Path) -> Result<Self, ConfigError> {
        let mut bytes = Vec::new();
        if config.master_key.is_empty() {
            bytes.push(key_file(&data_dir.join("master.key"))?);
        }
        for key in std::iter::once(&config.master_key).chain(&config.previous_keys).filter(|key| !key.is_empty()) {
            bytes.push(
                crate::config::decode_key(key)
                    .ok_or_else(|| ConfigError::Invalid("a master key is not 32 bytes".into()))?,
            );
        }
        Self::from_bytes(&bytes).map_err(|error| ConfigError::Invalid(error.to_string()))
    }

    /// Takes keys as bytes, the current one first.
    pub fn from_bytes(keys: &[[u8; KEY_LEN]]) -> Result<Self, VaultError> {
        let keys =
            keys.iter().map(|bytes| Ok((key_id(bytes), DataKey::new(bytes)?))).collect::<Result<_, VaultError>>()?;
        Ok(Self { keys })
    }

    pub(super) fn current_id(&self) -> &str {
        self.keys.first().map_or("", |(id, _)| id)
    }

    pub(super) fn wrap(&self, org: OrgId, version: i32, plain: &[u8; KEY_LEN]) -> Result<Vec<u8>, VaultError> {
        let (_, key) = self.keys.first().ok_or(VaultError::NoKey)?;
        key.seal(1, &place(org, version), plain)
    }

    pub(super) fn unwrap(&self, org: OrgId, version: i32, master: &str, wrapped: &[u8]) -> Result<DataKey, VaultError> {
        DataKey::new(&self.plain(org, version, master, wrapped)?)
    }

    pub(super) fn rewrap(&self, org: OrgId, version: i32, master: &str, wrapped: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.wrap(org, version, &self.plain(org, version, master, wrapped)?)
    }

    /// Encrypts a value that belongs to the installation and to no organisation; gives the master key's name with it.
    pub(super) fn seal_own(&self, place: &str, plain: &[u8]) -> Result<(String, Vec<u8>), VaultError> {
        let (id, key) = self.keys.first().ok_or(VaultError::NoKey)?;
        Ok((id.clone(), key.seal(1, &format!("installation/{place}"), plain)?))
    }

    /// Decrypts what [`MasterKeys::seal_own`] made.
    pub(super) fn open_own(&self, place: &str, master: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (_, key) = self
            .keys
            .iter()
            .find(|(id, _)| id == master)
            .ok_or_else(|| VaultError::UnknownMaster(master.to_owned()))?;
        key.open(&format!("installation/{place}"), sealed)
    }

    fn plain(&self, org: OrgId, version: i32, master: &str, wrapped: &[u8]) -> Result<[u8; KEY_LEN], VaultError> {
        let (_, key) = self
            .keys
            .iter()
            .find(|(id, _)| id == master)
            .ok_or_else(|| VaultError::UnknownMaster(master.to_owned()))?;
        key.open(&place(org, version), wrapped)?.try_into().map_err(|_| VaultError::Corrupt)
    }
}

fn place(org: OrgId, version: i32) -> String {
    format!("org_keys/{org}/{version}")
}

/// How a master key is named beside what it wraps: the first 8 bytes of its SHA-256.
fn key_id(bytes: &[u8; KEY_LEN]) -> String {
    hex::encode(&digest::digest(&digest::SHA256, bytes).as_ref()[..8])
}

fn key_file(path: &Path) -> Result<[u8; KEY_LEN], ConfigError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let read_error = |source| ConfigError::Read { path: path.display().to_string(), source };
    match std::fs::read_to_string(path) {
        Ok(text) => crate::config::decode_key(&Secret::new(text))
            .ok_or_else(|| ConfigError::Invalid(format!("{} is not base64 of 32 bytes", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(read_error)?;
            }
            let key: [u8; KEY_LEN] = rand::random();
            let created = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            match created {
                Ok(mut file) => {
                    let text = base64::engine::general_purpose::STANDARD.encode(key);
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

    #[test]
    fn a_secret_of_the_installation_opens_at_its_place_and_with_its_master_key_only() {
        let old = MasterKeys::from_bytes(&[[1; KEY_LEN]]).expect("a key");
        let (id, sealed) = old.seal_own("signing_keys/1", b"secret").expect("sealed");
        assert_eq!(old.open_own("signing_keys/1", &id, &sealed).expect("opened"), b"secret");
        assert!(old.open_own("signing_keys/2", &id, &sealed).is_err());
        let both = MasterKeys::from_bytes(&[[2; KEY_LEN], [1; KEY_LEN]]).expect("keys");
        assert_eq!(both.open_own("signing_keys/1", &id, &sealed).expect("opened"), b"secret");
        let other = MasterKeys::from_bytes(&[[2; KEY_LEN]]).expect("a key");
        assert!(matches!(other.open_own("signing_keys/1", &id, &sealed), Err(VaultError::UnknownMaster(_))));
    }
}
