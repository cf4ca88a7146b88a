//! The vault: envelope encryption of secrets and personal data.
//!
//! A master key wraps one data key per organisation (and one of the installation's own); values are AES-256-GCM with the
//! row's identity as associated data, so that a value moved to another row or organisation does not open. Erasing an
//! organisation is destroying its data keys. A token or credential of an outside system is opened by
//! [`OrgVault::open_secret`] and in no other way: each use is in the audit log.

mod cipher;
mod handles;
mod kms;
mod local;
mod master;
mod own;
mod rotate;
mod sigv4;
mod uses;

use std::fmt::Display;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use cipher::DataKey;
pub use cipher::VaultError;
pub use handles::normalised;
pub use local::LocalKey;
pub use master::{Holder, MasterKey, MasterKeys};
pub use rotate::Rotated;

use crate::clock::Clock;
use crate::config::Secret;
use crate::db::{Db, OrgTx};
use crate::ids::OrgId;
use own::OwnKeys;
use uses::Uses;

/// Opened data keys stay in memory this long. A new version of a data key waits longer before it seals
/// ([`Vault::rekey`]), so that every process has it before the first value needs it.
const KEPT_FOR: std::time::Duration = std::time::Duration::from_secs(300);
/// How long those who ask for keys that are being opened find them with whoever opens them.
const OPENED_FOR: std::time::Duration = std::time::Duration::from_secs(1);

/// The vault of one process: unwrapped data keys are cached in memory for a few minutes.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Clock,
    masters: MasterKeys,
    own: OwnKeys,
    /// Opened keys: asked for every message, so nothing on it waits.
    keys: moka::sync::Cache<OrgId, Arc<OrgVault>>,
    /// Keys that are being opened, once for all who ask.
    opening: moka::future::Cache<OrgId, Arc<OrgVault>>,
    uses: Arc<Uses>,
}

/// One organisation's keys, opened: everything on it is computation, nothing waits.
pub struct OrgVault {
    org: OrgId,
    /// The place among the keys of the one that seals.
    newest: usize,
    keys: Vec<(i32, DataKey)>,
    clock: Clock,
    uses: Arc<Uses>,
}

/// The first data key of a new organisation, wrapped and not yet kept.
pub struct FirstKey {
    org: OrgId,
    master: String,
    wrapped: Vec<u8>,
}

impl FirstKey {
    /// Keeps it, within the transaction that registers the organisation.
    pub async fn keep(self, tx: &mut OrgTx) -> Result<(), VaultError> {
        debug_assert_eq!(tx.org(), self.org);
        sqlx::query(
            "insert into org_keys (org_id, version, master_key, wrapped) values ($1, 1, $2, $3) on conflict do nothing",
        )
        .bind(self.org)
        .bind(self.master)
        .bind(self.wrapped)
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}

impl Vault {
    /// A vault over a migrated database with its master keys; makes the installation's own data key when there is none.
    pub async fn open_with(db: Db, masters: MasterKeys, clock: Clock) -> Result<Self, VaultError> {
        let keys = moka::sync::Cache::builder().max_capacity(10_000).time_to_live(KEPT_FOR).build();
        let opening = moka::future::Cache::builder().max_capacity(10_000).time_to_live(OPENED_FOR).build();
        let own = OwnKeys::open(&db, &masters).await?;
        Ok(Self { inner: Arc::new(Inner { db, clock, masters, own, keys, opening, uses: Arc::default() }) })
    }

    /// Makes the first data key of an organisation; the master key may be far away, so no transaction is open meanwhile.
    pub async fn first_key(&self, org: OrgId) -> Result<FirstKey, VaultError> {
        let current = self.inner.masters.current()?;
        let (_, wrapped) = current.fresh(Holder { org: Some(org), version: 1 }).await?;
        Ok(FirstKey { org, master: current.id().to_owned(), wrapped })
    }

    /// Makes and keeps the first data key of an organisation within a transaction: where nobody waits (tests, benchmarks).
    pub async fn create_keys(&self, tx: &mut OrgTx) -> Result<(), VaultError> {
        self.first_key(tx.org()).await?.keep(tx).await
    }

    /// Opens an organisation's keys. Many who ask at once wait for one answer of the master key.
    pub async fn of(&self, org: OrgId) -> Result<Arc<OrgVault>, VaultError> {
        if let Some(keys) = self.inner.keys.get(&org) {
            return Ok(keys);
        }
        // Rare, and large: it stays out of the futures of all who ask.
        Box::pin(self.open_keys(org)).await
    }

    async fn open_keys(&self, org: OrgId) -> Result<Arc<OrgVault>, VaultError> {
        let opened = self.inner.opening.try_get_with(org, async {
            let opened = Arc::new(self.load(org).await?);
            self.inner.keys.insert(org, Arc::clone(&opened));
            Ok::<_, VaultError>(opened)
        });
        opened.await.map_err(VaultError::of_shared)
    }

    /// Has the keys of an organisation read anew.
    async fn forget(&self, org: OrgId) {
        self.inner.opening.invalidate(&org).await;
        self.inner.keys.invalidate(&org);
    }

    async fn load(&self, org: OrgId) -> Result<OrgVault, VaultError> {
        let rows: Vec<(i32, String, Vec<u8>, DateTime<Utc>)> = sqlx::query_as(
            "select version, master_key, wrapped, active_at from org_keys where org_id = $1 order by version",
        )
        .bind(org)
        .fetch_all(self.inner.db.system_pool())
        .await?;
        let now = self.inner.clock.now();
        let newest = rows.iter().rposition(|(.., active_at)| *active_at <= now).unwrap_or_default();
        let mut keys = Vec::with_capacity(rows.len());
        for (version, master, wrapped, _) in rows {
            let plain = self.inner.masters.unwrap(Holder { org: Some(org), version }, &master, &wrapped).await?;
            keys.push((version, DataKey::new(&plain)?));
        }
        if keys.is_empty() {
            return Err(VaultError::NoKey);
        }
        let (clock, uses) = (self.inner.clock.clone(), Arc::clone(&self.inner.uses));
        Ok(OrgVault { org, newest, keys, clock, uses })
    }

    /// Encrypts a value for a row of an organisation.
    pub async fn seal(&self, org: OrgId, aad: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.of(org).await?.seal(aad, plain)
    }

    /// Decrypts a value of a row of an organisation.
    pub async fn open(&self, org: OrgId, aad: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.of(org).await?.open(aad, sealed)
    }

    /// Encrypts a secret of the installation itself (no organisation's); keep the name it gives beside it.
    pub fn seal_own(&self, place: &str, plain: &[u8]) -> Result<(String, Vec<u8>), VaultError> {
        Ok((own::NAME.to_owned(), self.inner.own.seal(place, plain)?))
    }

    /// Decrypts a secret of the installation itself, by the name beside it.
    pub fn open_own(&self, place: &str, name: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        if name == own::NAME {
            return self.inner.own.open_value(place, sealed);
        }
        self.inner.masters.open_direct(place, name, sealed)
    }
}

impl OrgVault {
    /// Encrypts with the newest data key. The output is version (1 byte), nonce (12), ciphertext and tag.
    pub fn seal(&self, aad: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (version, key) = self.keys.get(self.newest).ok_or(VaultError::NoKey)?;
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

    /// Decrypts a token or a credential of an outside system, for the call that needs it. `holder` is the id of what has it
    /// (a channel, a CRM connection) and `purpose` what the call is for: the use goes into the audit log within a minute.
    pub fn open_secret(
        &self,
        aad: &str,
        sealed: &[u8],
        holder: impl Display,
        purpose: &'static str,
    ) -> Result<Secret, VaultError> {
        let secret = self.open_text(aad, sealed).map(Secret::new)?;
        self.uses.note(self.org, holder.to_string(), purpose, self.clock.now());
        Ok(secret)
    }

    /// A keyed fingerprint of a value, equal for equal values of one field of one organisation: finds encrypted values.
    /// Normalise the value first (lower case, digits only, …).
    pub fn blind_index(&self, field: &str, value: &str) -> Vec<u8> {
        // The first key, not the newest: fingerprints must not change when keys are added.
        self.keys.first().map(|(_, key)| key.blind_index(field, value)).unwrap_or_default()
    }
}
