//! Periodic work: reconcilers that take no input, are idempotent, and run in one process at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::db::{Db, system};

/// Work to do again and again.
#[async_trait]
pub trait Reconciler: Send + Sync + 'static {
    /// Its name in the table of schedules.
    fn name(&self) -> &'static str;

    /// How long between two runs.
    fn every(&self) -> Duration;

    /// Looks at the whole state and mends what it finds. A failure is logged; the next run tries again.
    async fn run(&self) -> anyhow::Result<()>;
}

/// Runs each reconciler when it is due, until the token ends.
pub async fn run_schedules(db: Db, reconcilers: Vec<Arc<dyn Reconciler>>, stop: CancellationToken) {
    let loops = reconcilers.into_iter().map(|reconciler| run_one(db.clone(), reconciler, stop.clone()));
    futures_util::future::join_all(loops).await;
}

async fn run_one(db: Db, reconciler: Arc<dyn Reconciler>, stop: CancellationToken) {
    // Looking more often than it is due keeps the rhythm when another process that ran it goes away.
    let look = (reconciler.every() / 4).clamp(Duration::from_millis(250), Duration::from_secs(30));
    loop {
        match system::claim_schedule(&db, reconciler.name(), reconciler.every()).await {
            Ok(true) => {
                if let Err(error) = reconciler.run().await {
                    tracing::warn!(
                        schedule = reconciler.name(),
                        error = format!("{error:#}"),
                        "a scheduled run failed; the next one tries again"
                    );
                }
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(schedule = reconciler.name(), error = %error, "a schedule cannot be read"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(look) => {}
        }
    }
}
