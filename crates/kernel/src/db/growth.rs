//! Keeps the planner's counts near the truth while tables grow fast.

use std::time::Duration;

use async_trait::async_trait;

use super::Db;
use crate::schedule::Reconciler;

/// Counts tables anew that have doubled since they were counted last, so that no plan of an empty table serves a full one.
pub struct Growth(pub Db);

#[async_trait]
impl Reconciler for Growth {
    fn name(&self) -> &'static str {
        "kernel.growth"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn run(&self) -> anyhow::Result<()> {
        let counted: i32 = sqlx::query_scalar("select recoup_count_grown()").fetch_one(self.0.system_pool()).await?;
        if counted > 0 {
            tracing::debug!(tables = counted, "grown tables were counted anew");
        }
        Ok(())
    }
}
