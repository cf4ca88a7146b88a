//! What has to be done by the clock for the installation to stay well.

use std::time::Duration;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::system;
use kernel::queue::{Lane, archive_dead, retry_due_dead};
use kernel::schedule::Reconciler;

/// Months of the ledger that are ready before they begin.
const MONTHS_AHEAD: i32 = 3;

/// Brings dead letters back every 15 minutes, and archives those older than a week.
pub(crate) struct DeadLetters(pub(crate) Kernel);

#[async_trait]
impl Reconciler for DeadLetters {
    fn name(&self) -> &'static str {
        "operations.dead_letters"
    }

    fn every(&self) -> Duration {
        Duration::from_mins(15)
    }

    async fn run(&self) -> anyhow::Result<()> {
        let Self(kernel) = self;
        let revived = retry_due_dead(&kernel.db).await?;
        if revived > 0 {
            tracing::info!(jobs = revived, "dead letters put back to work");
            for lane in Lane::ALL {
                kernel.db.signals().lane(*lane);
            }
        }
        let archived = archive_dead(&kernel.db, &kernel.clock, &kernel.config.data_dir.0.join("archive")).await?;
        if archived > 0 {
            tracing::info!(jobs = archived, "old dead letters archived");
        }
        Ok(())
    }
}

/// Makes the ledger's partitions before their months begin.
pub(crate) struct EventMonths(pub(crate) Kernel);

#[async_trait]
impl Reconciler for EventMonths {
    fn name(&self) -> &'static str {
        "operations.event_months"
    }

    fn every(&self) -> Duration {
        Duration::from_hours(24)
    }

    async fn run(&self) -> anyhow::Result<()> {
        Ok(system::prepare_event_months(&self.0.db, MONTHS_AHEAD).await?)
    }
}
