//! What is done by the clock: sources are read every five minutes; old files, rejects and refusals go.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use kernel::CanFail;
use kernel::db::system;
use kernel::ids::OrgId;
use kernel::schedule::Reconciler;

use super::store::{self, NewRun};
use crate::connections::store as connections;
use crate::core::Core;
use crate::files;

/// How often sources are read.
pub(crate) const EVERY: TimeDelta = TimeDelta::minutes(5);
/// A file that nobody started, or that was read dry, goes after this.
const FILES_KEPT: TimeDelta = TimeDelta::days(7);

/// Reads what is due.
pub(crate) struct Poll(pub(crate) Core);

#[async_trait]
impl Reconciler for Poll {
    fn name(&self) -> &'static str {
        "intake.poll"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.0.kernel.db).await? {
            self.due(org).await.can_fail("beginning an organisation's runs; the next look tries again");
        }
        Ok(())
    }
}

impl Poll {
    async fn due(&self, org: OrgId) -> anyhow::Result<()> {
        let mut tx = self.0.kernel.db.begin(org).await?;
        let before = self.0.kernel.clock.now() - EVERY;
        for id in connections::due(&mut tx, before).await? {
            let trigger = "schedule".to_owned();
            let new = NewRun {
                connection: Some(id),
                file: None,
                mode: "incremental",
                trigger,
                dry_run: false,
                total_bytes: None,
                streams: None,
            };
            store::make(&mut tx, new).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Removes files that nobody reads any more.
pub(crate) struct Sweep(pub(crate) Core);

#[async_trait]
impl Reconciler for Sweep {
    fn name(&self) -> &'static str {
        "intake.sweep"
    }

    fn every(&self) -> Duration {
        Duration::from_hours(1)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.0.kernel.db).await? {
            self.sweep(org).await.can_fail("sweeping an organisation's files; the next run tries again");
        }
        Ok(())
    }
}

impl Sweep {
    async fn sweep(&self, org: OrgId) -> anyhow::Result<()> {
        let Self(core) = self;
        let before = core.kernel.clock.now() - FILES_KEPT;
        let mut tx = core.kernel.db.begin(org).await?;
        store::sweep(&mut tx).await?;
        let gone = files::store::sweep(&mut tx, before).await?;
        tx.commit().await?;
        for id in gone {
            files::forget(core, org, id).await;
        }
        self.strays(org, before).await
    }

    /// Files on the disk that no row knows: an upload that broke off with its process.
    async fn strays(&self, org: OrgId, before: chrono::DateTime<chrono::Utc>) -> anyhow::Result<()> {
        let Self(core) = self;
        let mut entries = match tokio::fs::read_dir(core.folder(org)).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        while let Some(entry) = entries.next_entry().await? {
            let changed: chrono::DateTime<chrono::Utc> = entry.metadata().await?.modified()?.into();
            if changed < before {
                tokio::fs::remove_file(entry.path()).await.can_fail("removing a file that was left behind");
            }
        }
        Ok(())
    }
}
