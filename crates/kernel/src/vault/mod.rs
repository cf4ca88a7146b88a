//! The vault: envelope encryption of secrets and personal data.
//!
//! A master key wraps one data key per organisation; values are AES-256-GCM with the row's identity as associated data, so
//! that a value moved to another row or organisation does not open. Erasing an organisation is destroying its data keys.

mod cipher;
mod master;

use std::sync::Arc;

use moka::future::Cache;
use uuid::Uuid;

pub use cipher::VaultError;
use cipher::{DataKey, KEY_LEN};
pub use master::MasterKeys;

use crate::db::{Db, OrgTx};
use crate::ids::OrgId;

/// The vault of one process: unwrapped data keys are cached in memory for a few minutes.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    masters: MasterKeys,
    keys: Cache<OrgId, Arc<OrgVault>>,
}

/// One organisation's keys, opened: everything on it is computation, nothing waits.
pub struct OrgVault {
    newest: i32,
    keys: Vec<(i32, DataKey)>,
}

impl Vault {
    /// A vault over a database with its master keys.
    pub fn new(db: Db, masters: MasterKeys) -> Self {
        let keys = Cache::builder().max_capacity(10_000).time_to_live(std::time::Duration::from_secs(300)).build();
        Self { inner: Arc::new(Inner { db, masters, keys }) }
    }

    /// Makes the first data key of a new organisation, within the transaction that registers it.
    pub async fn create_keys(&self, tx: &mut OrgTx) -> Result<(), VaultError> {
        let plain: [u8; KEY_LEN] = rand::random();
        let wrapped = self.inner.masters.wrap(tx.org(), 1, &plain)?;
        sqlx::query(
            "insert into org_keys (org_id, version, master_key, wrapped) values ($1, 1, $2, $3) on conflict do nothing",
        )
        .bind(tx.org())
        .bind(self.inner.masters.current_id())
        .bind(wrapped)
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    /// Opens an organisation's keys.
    pub async fn of(&self, org: OrgId) -> Result<Arc<OrgVault>, VaultError> {
        if let Some(keys) = self.inner.keys.get(&org).await {
            return Ok(keys);
        }
        let rows: Vec<(i32, String, Vec<u8>)> =
            sqlx::query_as("select version, master_key, wrapped from org_keys where org_id = $1 order by version")
                .bind(org)
                .fetch_all(self.inner.db.system_pool())
                .await?;
        let keys = rows
            .into_iter()
            .map(|(version, master, wrapped)| {
                Ok((version, self.inner.masters.unwrap(org, version, &master, &wrapped)?))
            })
            .collect::<Result<Vec<_>, VaultError>>()?;
        let newest = keys.last().map(|(version, _)| *version).ok_or(VaultError::NoKey)?;
        let opened = Arc::new(OrgVault { newest, keys });
        self.inner.keys.insert(org, Arc::clone(&opened)).await;
        Ok(opened)
    }

    /// Encrypts a value for a row of an organisation.
    pub async fn seal(&self, org: OrgId, aad: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.of(org).await?.seal(aad, plain)
    }

    /// Decrypts a value of a row of an organisation.
    pub async fn open(&self, org: OrgId, aad: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.of(org).await?.open(aad, sealed)
    }

    /// Encrypts a secret of the installation itself (no organisation's) with the master key; keep the key's name beside it.
    pub fn seal_own(&self, place: &str, plain: &[u8]) -> Result<(String, Vec<u8>), VaultError> {
        self.inner.masters.seal_own(place, plain)
    }

    /// Decrypts a secret of the installation itself.
    pub fn open_own(&self, place: &str, master: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.inner.masters.open_own(place, master, sealed)
    }

    /// Wraps every data key with the current master key; returns how many were rewrapped.
    pub async fn rotate(&self) -> Result<usize, VaultError> {
        let rows: Vec<(Uuid, i32, String, Vec<u8>)> =
            sqlx::query_as("select org_id, version, master_key, wrapped from org_keys where master_key <> $1")
                .bind(self.inner.masters.current_id())
                .fetch_all(self.inner.db.system_pool())
                .await?;
        for (org, version, master, wrapped) in &rows {
            let org = OrgId::from_uuid(*org);
            let fresh = self.inner.masters.rewrap(org, *version, master, wrapped)?;
            sqlx::query("update org_keys set master_key = $3, wrapped = $4 where org_id = $1 and version = $2")
                .bind(org)
                .bind(version)
                .bind(self.inner.masters.current_id())
                .bind(fresh)
                .execute(self.inner.db.system_pool())
                .await?;
        }
        Ok(rows.len())
    }
}

impl OrgVault {
    /// Encrypts with the newest data key. The output is version (1 byte), nonce (12), ciphertext and tag.
    pub fn seal(&self, aad: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (version, key) = self.keys.last().ok_or(VaultError::NoKey)?;
        debug_assert_eq!(*version, self.newest);
        key.seal(*version, aad, plain)
    }

    /// Decrypts with the data key the value names.
    pub fn open(&self, aad: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let version = i32::from(*sealed.first().ok_or(VaultError::Corrupt)?);
        let (_, key) = self.keys.iter().find(|(known, _)| *known == version).ok_or(VaultError::NoKey)?;
        key.open(aad, sealed)
    }

    /// Encrypts a text.
    pub fn seal_text(&self, aad: &str, plain: &str) -> Result<Vec<u8>, VaultError> {
        self.seal(aad, plain.as_bytes())
    }

    /// Decrypts a text.
    pub fn open_text(&self, aad: &str, sealed: &[u8]) -> Result<String, VaultError> {
        String::from_utf8(self.open(aad, sealed)?).map_err(|_| VaultError::Corrupt)
    }

    /// A keyed fingerprint of a value, equal for equal values of one field of one organisation: finds encrypted values.
    /// Normalise the value first (lower case, digits only, …).
    pub fn blind_index(&self, field: &str, value: &str) -> Vec<u8> {
        // The first key, not the newest: fingerprints must not change when keys are added.
        self.keys.first().map(|(_, key)| key.blind_index(field, value)).unwrap_or_default()
    }
}
