//! What follows the ledger and the queue to keep the journeys: small batches at once, large ones as jobs of their own, so that no
//! transaction of a follower lasts.

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ledger::{Fact, Follower, Recorded};
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::apply;

/// So many signals are folded within the follower's transaction.
pub(super) const AT_ONCE: i64 = 4_000;

/// So many large batches are folded in one transaction.
const TOGETHER: i64 = 4;

/// The follower.
pub struct Journeys;

#[async_trait]
impl Follower for Journeys {
    fn name(&self) -> &'static str {
        "revenue.journeys"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["signals.landed"])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let (mut now, mut left) = (Vec::new(), AT_ONCE);
        for event in events {
            let Fact::SignalsLanded { batch, count } = &event.fact else { continue };
            if *count <= left {
                left -= count;
                now.push(*batch);
            } else {
                let job = NewJob::new(Lane::Maintenance, FoldJob::KIND, &Batch { batch: *batch });
                let org = tx.org();
                tx.enqueue(job.key(org));
            }
        }
        if now.is_empty() { Ok(()) } else { apply::batches(tx, &now).await }
    }
}

#[derive(Serialize, Deserialize)]
struct Batch {
    batch: Uuid,
}

/// Folds one large batch.
pub struct FoldJob {
    kernel: Kernel,
}

impl FoldJob {
    const KIND: &'static str = "revenue.fold";

    /// Over a kernel.
    pub fn new(kernel: &Kernel) -> Self {
        Self { kernel: kernel.clone() }
    }
}

#[async_trait]
impl Handler for FoldJob {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Batch { batch } = job.parse()?;
        let mut tx = self.kernel.db.begin_by_key(job.org).await?;
        // A file comes in many batches, and its leads lie across them: a few are folded together, and their jobs find nothing left.
        let mut ids: Vec<Uuid> =
            sqlx::query_scalar("select id from signal_batches where org_id = $1 order by id limit $2")
                .bind(job.org)
                .bind(TOGETHER)
                .fetch_all(tx.conn())
                .await?;
        ids.push(batch);
        apply::batches(&mut tx, &ids).await?;
        tx.finish(job);
        Ok(tx.commit().await?)
    }
}

/// Makes the views anew, after settings changed that they depend on.
pub struct RebuildJob {
    kernel: Kernel,
}

impl RebuildJob {
    const KIND: &'static str = "revenue.rebuild";

    /// Over a kernel.
    pub fn new(kernel: &Kernel) -> Self {
        Self { kernel: kernel.clone() }
    }
}

#[async_trait]
impl Handler for RebuildJob {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let mut tx = self.kernel.db.begin(job.org).await?;
        super::rebuild(&mut tx).await?;
        tx.finish(job);
        Ok(tx.commit().await?)
    }
}

/// Has the views made anew once the transaction is committed.
pub(crate) fn rebuild_later(tx: &mut OrgTx) {
    let org = tx.org();
    tx.enqueue(NewJob::new(Lane::Maintenance, RebuildJob::KIND, &serde_json::json!({})).key(org));
}
