//! The installation's own data keys: they seal what belongs to no organisation (signing keys, checkpoint keys).
//!
//! They are wrapped by a master key like an organisation's, so that a rotation rewraps a few rows here and none elsewhere,
//! and are opened when the process starts, so that sealing and opening are computation.

use super::cipher::{DataKey, VaultError};
use super::master::{Holder, MasterKeys};
use crate::db::Db;

/// The name beside what they seal; older secrets carry the name of the master key that sealed them itself.
pub(super) const NAME: &str = "installation";

/// A row of `installation_keys`: version, master key, wrapped.
pub(super) type Row = (i32, String, Vec<u8>);

/// The opened keys, oldest first.
pub(super) struct OwnKeys {
    keys: Vec<(i32, DataKey)>,
}

impl OwnKeys {
    /// Opens the keys, making one when there is none that opens.
    pub(super) async fn open(db: &Db, masters: &MasterKeys) -> Result<Self, VaultError> {
        let known = rows(db).await?;
        let next = known.last().map_or(1, |(version, ..)| version + 1);
        let opened = Self { keys: opened(masters, known).await? };
        if !opened.keys.is_empty() {
            return Ok(opened);
        }
        let current = masters.current()?;
        let (_, wrapped) = current.fresh(Holder { org: None, version: next }).await?;
        // Another process may have been first: then its key is the one.
        sqlx::query(
            "insert into installation_keys (version, master_key, wrapped) values ($1, $2, $3) on conflict do nothing",
        )
        .bind(next)
        .bind(current.id())
        .bind(wrapped)
        .execute(db.system_pool())
        .await?;
        let keys = self::opened(masters, rows(db).await?).await?;
        if keys.is_empty() { Err(VaultError::NoKey) } else { Ok(Self { keys }) }
    }

    pub(super) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (version, key) = self.keys.last().ok_or(VaultError::NoKey)?;
        key.seal(*version, &format!("installation/{place}"), plain)
    }

    pub(super) fn open_value(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let version = i32::from(*sealed.first().ok_or(VaultError::Corrupt)?);
        let (_, key) = self.keys.iter().find(|(known, _)| *known == version).ok_or(VaultError::NoKey)?;
        key.open(&format!("installation/{place}"), sealed)
    }
}

/// The keys that open. One whose master key is gone is passed over: what it sealed is lost, and the rest is not.
async fn opened(masters: &MasterKeys, rows: Vec<Row>) -> Result<Vec<(i32, DataKey)>, VaultError> {
    let mut keys = Vec::with_capacity(rows.len());
    for (version, master, wrapped) in rows {
        match masters.unwrap(Holder { org: None, version }, &master, &wrapped).await {
            Ok(plain) => keys.push((version, DataKey::new(&plain)?)),
            Err(VaultError::UnknownMaster(_)) => {
                tracing::warn!(key.version = version, key.master = master, "a key of the installation does not open");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(keys)
}

pub(super) async fn rows(db: &Db) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as("select version, master_key, wrapped from installation_keys order by version")
        .fetch_all(db.system_pool())
        .await
}
