//! Lets go of what model calls of long ago counted against.

use std::time::Duration;

use ai::gateway::budget;
use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::system;
use kernel::schedule::Reconciler;

pub(super) struct Spending(pub Kernel);

#[async_trait]
impl Reconciler for Spending {
    fn name(&self) -> &'static str {
        "inbox.spending"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(6 * 3600)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.0.db).await? {
            let mut tx = self.0.db.begin(org).await?;
            budget::tidy(&mut tx, self.0.clock.now()).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
