//! Changing keys while processes run: what a former master key wrapped is wrapped anew, and an organisation can be given a
//! new data key.
//!
//! Each row is replaced only if it is still the one that was read, so that two rotations beside one another do no harm, and
//! a rotation that was stopped goes on where it stopped when it is started again.

use chrono::TimeDelta;

use super::cipher::VaultError;
use super::master::Holder;
use super::{Vault, own};
use crate::audit::{self, AuditEntry};
use crate::db::system;
use crate::ids::OrgId;
use crate::ledger::Actor;

/// Rows read at a time.
const BATCH: i64 = 200;
/// A new data key seals only after this: longer than any process keeps the list of keys it has.
const REST: TimeDelta = TimeDelta::minutes(10);
/// The version of a data key is one byte of every sealed value.
const LAST_VERSION: i32 = 255;

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Data keys of organisations.
    pub data_keys: usize,
    /// Data keys of the installation.
    pub own_keys: usize,
    /// Secrets of the installation that a master key had sealed itself.
    pub secrets: usize,
}

impl Vault {
    /// Wraps every data key with the current master key. Run it after every process has the new and the old key.
    pub async fn rotate(&self) -> Result<Rotated, VaultError> {
        Ok(Rotated {
            data_keys: self.rotate_data_keys().await?,
            own_keys: self.rotate_own_keys().await?,
            secrets: self.rotate_secrets().await?,
        })
    }

    async fn rotate_data_keys(&self) -> Result<usize, VaultError> {
        let current = self.inner.masters.current()?.id();
        let mut done = 0;
        let mut after = (OrgId::from_uuid(uuid::Uuid::nil()), 0);
        loop {
            let rows: Vec<(OrgId, i32, String, Vec<u8>)> = sqlx::query_as(
                "select org_id, version, master_key, wrapped from org_keys \
                 where master_key <> $1 and (org_id, version) > ($2, $3) order by org_id, version limit $4",
            )
            .bind(current)
            .bind(after.0)
            .bind(after.1)
            .bind(BATCH)
            .fetch_all(self.inner.db.system_pool())
            .await?;
            for (org, version, master, wrapped) in &rows {
                let holder = Holder { org: Some(*org), version: *version };
                let fresh = self.inner.masters.rewrap(holder, master, wrapped).await?;
                let replaced = sqlx::query(
                    "update org_keys set master_key = $3, wrapped = $4 \
                     where org_id = $1 and version = $2 and master_key = $5",
                )
                .bind(org)
                .bind(version)
                .bind(current)
                .bind(fresh)
                .bind(master)
                .execute(self.inner.db.system_pool())
                .await?;
                done += replaced.rows_affected() as usize;
                after = (*org, *version);
            }
            if rows.is_empty() {
                return Ok(done);
            }
        }
    }

    async fn rotate_own_keys(&self) -> Result<usize, VaultError> {
        let current = self.inner.masters.current()?.id();
        let mut done = 0;
        for (version, master, wrapped) in own::rows(&self.inner.db).await? {
            if master == current {
                continue;
            }
            let fresh = self.inner.masters.rewrap(Holder { org: None, version }, &master, &wrapped).await?;
            let replaced = sqlx::query(
                "update installation_keys set master_key = $2, wrapped = $3 where version = $1 and master_key = $4",
            )
            .bind(version)
            .bind(current)
            .bind(fresh)
            .bind(&master)
            .execute(self.inner.db.system_pool())
            .await?;
            done += replaced.rows_affected() as usize;
        }
        Ok(done)
    }

    /// Signing keys that an earlier version sealed with the master key itself.
    async fn rotate_secrets(&self) -> Result<usize, VaultError> {
        let mut done = 0;
        for row in system::signing_keys(&self.inner.db, chrono::DateTime::UNIX_EPOCH).await? {
            if row.master_key == own::NAME {
                continue;
            }
            let place = format!("signing_keys/{}", row.kid);
            let plain = match self.open_own(&place, &row.master_key, &row.sealed) {
                Ok(plain) => plain,
                // Its tokens have ended long ago; it only verifies, and verifying needs no secret.
                Err(VaultError::UnknownMaster(_)) => continue,
                Err(error) => return Err(error),
            };
            let (name, sealed) = self.seal_own(&place, &plain)?;
            let replaced =
                sqlx::query("update signing_keys set master_key = $2, sealed = $3 where kid = $1 and master_key = $4")
                    .bind(&row.kid)
                    .bind(name)
                    .bind(sealed)
                    .bind(&row.master_key)
                    .execute(self.inner.db.system_pool())
                    .await?;
            done += replaced.rows_affected() as usize;
        }
        Ok(done)
    }

    /// Gives an organisation a new data key and tells its version: what is sealed from ten minutes on is sealed with it, and
    /// what was sealed before opens as before.
    pub async fn rekey(&self, org: OrgId) -> Result<i32, VaultError> {
        let newest: Option<i32> = sqlx::query_scalar("select max(version) from org_keys where org_id = $1")
            .bind(org)
            .fetch_one(self.inner.db.system_pool())
            .await?;
        let version = newest.ok_or(VaultError::NoKey)? + 1;
        if version > LAST_VERSION {
            return Err(VaultError::TooManyKeys);
        }
        let master = self.inner.masters.current()?;
        let (_, wrapped) = master.fresh(Holder { org: Some(org), version }).await?;
        let mut tx = self.inner.db.begin(org).await?;
        let active_at = tx.clock().now() + REST;
        sqlx::query(
            "insert into org_keys (org_id, version, master_key, wrapped, active_at) values ($1, $2, $3, $4, $5)",
        )
        .bind(org)
        .bind(version)
        .bind(master.id())
        .bind(wrapped)
        .bind(active_at)
        .execute(tx.conn())
        .await?;
        let detail = serde_json::json!({ "version": version, "active_at": active_at });
        audit::record(&mut tx, AuditEntry::new(Actor::System, "vault.rekeyed").about(org).detail(detail)).await?;
        tx.commit().await?;
        self.forget(org).await;
        Ok(version)
    }
}
