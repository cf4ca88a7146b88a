//! Master keys: they wrap data keys and are never in the database.
//!
//! One is current and wraps what is made; the others still unwrap, so that processes of before and after a rotation work
//! side by side. What is wrapped names its master key, and is bound to whose it is.

use async_trait::async_trait;
use rand::random;

use super::cipher::{KEY_LEN, VaultError};
use super::kms::Kms;
use super::local::LocalKey;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, MasterKind};
use crate::http::Http;
use crate::ids::OrgId;

/// Whose data key it is: bound to what a master key wraps, so that it does not unwrap as another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The organisation; none for the installation itself.
    pub org: Option<OrgId>,
    /// The data key's version.
    pub version: i32,
}

impl Holder {
    /// As associated data of a local key.
    pub(super) fn place(self) -> String {
        match self.org {
            Some(org) => format!("org_keys/{org}/{}", self.version),
            None => format!("installation_keys/{}", self.version),
        }
    }
}

/// A key that wraps data keys: a local one, or one that never leaves AWS KMS.
#[async_trait]
pub trait MasterKey: Send + Sync + 'static {
    /// The name it has beside what it wraps.
    fn id(&self) -> &str;

    /// Whether it unwraps what is marked with this name.
    fn opens(&self, id: &str) -> bool;

    /// Wraps a data key.
    async fn wrap(&self, holder: Holder, plain: &[u8; KEY_LEN]) -> Result<Vec<u8>, VaultError>;

    /// Unwraps a data key that is marked with a name this one opens.
    async fn unwrap(&self, holder: Holder, id: &str, wrapped: &[u8]) -> Result<[u8; KEY_LEN], VaultError>;

    /// Opens a secret of the installation that this key sealed itself, as earlier versions did; none for a key that never did.
    fn open_direct(&self, _place: &str, _sealed: &[u8]) -> Option<Result<Vec<u8>, VaultError>> {
        None
    }

    /// Makes a data key and wraps it.
    async fn fresh(&self, holder: Holder) -> Result<([u8; KEY_LEN], Vec<u8>), VaultError> {
        let plain: [u8; KEY_LEN] = random();
        let wrapped = self.wrap(holder, &plain).await?;
        Ok((plain, wrapped))
    }
}

/// The current master key and those that only unwrap.
pub struct MasterKeys {
    keys: Vec<Box<dyn MasterKey>>,
}

impl MasterKeys {
    /// Takes the configured keys: KMS where it is configured, the local ones, or the one in the data directory, which is
    /// made on first use (mode 0600) when nothing else is configured.
    pub fn load(config: &Config, http: &Http, clock: &Clock) -> Result<Self, ConfigError> {
        let vault = &config.vault;
        let file = config.data_dir.0.join("master.key");
        let mut local = Vec::new();
        for key in std::iter::once(&vault.master_key).chain(&vault.previous_keys).filter(|key| !key.is_empty()) {
            local.push(LocalKey::decoded(key)?);
        }
        let mut keys: Vec<Box<dyn MasterKey>> = Vec::new();
        let kind = vault.current();
        if vault.master_key.is_empty() && (kind == MasterKind::Local || file.exists()) {
            keys.push(Box::new(LocalKey::of_file(&file)?));
        }
        keys.extend(local.into_iter().map(|key| Box::new(key) as Box<dyn MasterKey>));
        if vault.kms.is_set() {
            let kms: Box<dyn MasterKey> = Box::new(Kms::new(&vault.kms, http.clone(), clock.clone()));
            let place = if kind == MasterKind::Kms { 0 } else { keys.len() };
            keys.insert(place, kms);
        }
        Ok(Self { keys })
    }

    /// Takes keys as they are, the current one first.
    pub fn of(keys: Vec<Box<dyn MasterKey>>) -> Self {
        Self { keys }
    }

    pub(super) fn current(&self) -> Result<&dyn MasterKey, VaultError> {
        self.keys.first().map(AsRef::as_ref).ok_or(VaultError::NoKey)
    }

    pub(super) async fn unwrap(&self, holder: Holder, id: &str, wrapped: &[u8]) -> Result<[u8; KEY_LEN], VaultError> {
        let key = self.keys.iter().find(|key| key.opens(id)).ok_or_else(|| VaultError::UnknownMaster(id.to_owned()))?;
        key.unwrap(holder, id, wrapped).await
    }

    /// Opens what a local master key sealed itself.
    pub(super) fn open_direct(&self, place: &str, id: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.keys.iter().find(|key| key.opens(id));
        key.and_then(|key| key.open_direct(place, sealed)).ok_or_else(|| VaultError::UnknownMaster(id.to_owned()))?
    }

    /// Wraps with the current key what another one wrapped.
    pub(super) async fn rewrap(&self, holder: Holder, id: &str, wrapped: &[u8]) -> Result<Vec<u8>, VaultError> {
        let plain = self.unwrap(holder, id, wrapped).await?;
        self.current()?.wrap(holder, &plain).await
    }
}
