//! Jobs of single deliveries: what order or trouble took out of its group, and what a former version kept.
//!
//! Such a job has the id of its receipt and the thread as its key. Its conversation has a row before anything is decided: a group in
//! which somebody else was quicker ends here.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use kernel::ids::{JobId, OrgId, ReceiptId};
use kernel::queue::{BatchHandler, Job, JobError, Lane, NewJob};
use serde_json::json;
use uuid::Uuid;

use super::handler::{Deliveries, End};
use super::load::{Found, load};
use super::opening::Opening;
use crate::core::Core;

const KIND: &str = "inbound.receive";

/// A delivery's own job. Where it has one already, that one stays.
pub(super) fn job_of(receipt: ReceiptId, thread: Option<&str>) -> NewJob {
    let job = NewJob::new(Lane::Inbound, KIND, &json!({})).id(JobId::from_uuid(receipt.uuid()));
    match thread {
        Some(thread) => job.key(thread),
        None => job,
    }
}

/// Handles deliveries that have a job of their own, many together while all goes well.
pub struct Receive {
    deliveries: Deliveries,
}

impl Receive {
    /// The handler over the inbox.
    pub fn new(core: Core) -> Self {
        Self { deliveries: Deliveries { core, opening: Opening::AtOnce } }
    }

    async fn handle(&self, org: OrgId, jobs: &[Job]) -> anyhow::Result<()> {
        let kernel = &self.deliveries.core.kernel;
        let vault = kernel.vault.of(org).await?;
        let receipts: Vec<Uuid> = jobs.iter().map(|job| job.id.uuid()).collect();
        let mut tx = kernel.db.begin_by_key(org).await?;
        let Found { loaded, closed } = load(&mut tx, &vault, &receipts, &kernel.config.connectors.meta.app_id).await?;
        drop(tx);
        if let Some((_, error)) = closed.into_iter().next() {
            return Err(error.into());
        }
        let end = End { jobs: jobs.iter().collect(), alone: Vec::new() };
        self.deliveries.handle(org, &vault, loaded, end).await
    }
}

#[async_trait]
impl BatchHandler for Receive {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run_batch(&self, org: OrgId, jobs: &[Job]) -> Vec<Result<(), JobError>> {
        match self.handle(org, jobs).await {
            Ok(()) => jobs.iter().map(|_| Ok(())).collect(),
            Err(error) if jobs.len() == 1 => vec![Err(JobError::Retry(error))],
            Err(error) => {
                // One bad delivery must not hold its neighbours back: each is tried alone, but none before one of its own thread.
                tracing::warn!(error = format!("{error:#}"), "a batch of deliveries failed; trying one by one");
                let mut results = Vec::with_capacity(jobs.len());
                let mut stuck: HashSet<&str> = HashSet::new();
                for job in jobs {
                    let key = job.key.as_deref().unwrap_or_default();
                    if stuck.contains(key) {
                        results.push(Err(JobError::later(Duration::ZERO)));
                        continue;
                    }
                    let result = self.handle(org, std::slice::from_ref(job)).await;
                    if result.is_err() && !key.is_empty() {
                        stuck.insert(key);
                    }
                    results.push(result.map_err(JobError::Retry));
                }
                results
            }
        }
    }
}
