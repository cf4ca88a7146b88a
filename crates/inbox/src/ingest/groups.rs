//! Jobs of many deliveries: the receipts of one commit and shard.
//!
//! All events of a thread are in one shard, and the groups of a shard share a key: they are handled one after another, never at
//! once, but where two commits were under way together and the later one showed first; locks of conversations keep those apart.
//! A group ends with the last of its deliveries. When it makes trouble it is taken apart: each delivery that is not handled gets a
//! job of its own, so that a bad one is tried again, and at last dies, without its neighbours.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use kernel::db::{OrgTx, system};
use kernel::ids::OrgId;
use kernel::queue::{BatchHandler, Job, JobError, Lane, NewJob};
use serde::Deserialize;
use uuid::Uuid;

use super::handler::{Deliveries, End};
use super::load::{Found, Loaded, load};
use super::opening::Opening;
use super::singles::job_of;
use crate::core::Core;

/// Handles groups of deliveries.
pub struct ReceiveGroup {
    deliveries: Deliveries,
}

#[derive(Deserialize)]
struct Payload {
    receipts: Vec<Uuid>,
}

struct Group<'a> {
    job: &'a Job,
    receipts: Vec<Uuid>,
}

impl Group<'_> {
    /// Whether it failed before, or a worker died on it.
    fn was_tried(&self) -> bool {
        self.job.attempt > 1 || self.job.crashes > 0
    }
}

#[async_trait]
impl BatchHandler for ReceiveGroup {
    fn kind(&self) -> &'static str {
        system::RECEIPTS
    }

    /// A shard at a time, with the groups that follow one another in it: the shards of an organisation go on side by side.
    fn most(&self) -> usize {
        1
    }

    async fn run_batch(&self, org: OrgId, jobs: &[Job]) -> Vec<Result<(), JobError>> {
        let mut groups = Vec::with_capacity(jobs.len());
        let mut results = Vec::with_capacity(jobs.len());
        for job in jobs {
            results.push(job.parse::<Payload>().map(|Payload { receipts }| groups.push(Group { job, receipts })));
        }
        if let Err(error) = self.handle_or_take_apart(org, &groups).await {
            let mut keys = HashSet::new();
            for (job, result) in jobs.iter().zip(&mut results) {
                if result.is_ok() {
                    let first = keys.insert(job.key.as_deref());
                    // What is behind one that failed waits for it.
                    *result = Err(if first {
                        JobError::retry(anyhow::anyhow!("{error:#}"))
                    } else {
                        JobError::later(Duration::ZERO)
                    });
                }
            }
        }
        results
    }
}

impl ReceiveGroup {
    /// The handler over the inbox.
    pub fn new(core: Core) -> Self {
        Self { deliveries: Deliveries { core, opening: Opening::WithMessages } }
    }

    async fn handle_or_take_apart(&self, org: OrgId, groups: &[Group<'_>]) -> anyhow::Result<()> {
        let troubled = groups.iter().filter(|group| group.was_tried());
        let alone: HashSet<Uuid> = troubled.flat_map(|group| group.receipts.iter().copied()).collect();
        let Err(error) = self.handle(org, groups, &alone).await else { return Ok(()) };
        tracing::warn!(error = format!("{error:#}"), "a batch of deliveries failed; each gets a job of its own");
        let all: HashSet<Uuid> = groups.iter().flat_map(|group| group.receipts.iter().copied()).collect();
        self.handle(org, groups, &all).await
    }

    /// Handles the deliveries of groups but for some, which get jobs of their own, as does what must not overtake such a job.
    async fn handle(&self, org: OrgId, groups: &[Group<'_>], alone: &HashSet<Uuid>) -> anyhow::Result<()> {
        let kernel = &self.deliveries.core.kernel;
        let vault = kernel.vault.of(org).await?;
        let receipts: Vec<Uuid> = groups.iter().flat_map(|group| group.receipts.iter().copied()).collect();
        let mut tx = kernel.db.begin_by_key(org).await?;
        let Found { loaded, closed } = load(&mut tx, &vault, &receipts, &kernel.config.connectors.meta.app_id).await?;
        let waiting = waiting(&mut tx, &loaded).await?;
        drop(tx);
        let (now, mut alone) = split(loaded, alone, waiting);
        for (receipt, error) in closed {
            tracing::warn!(receipt.id = %receipt, error = %error, "a delivery does not open; it is tried again by itself");
            alone.push(job_of(receipt, None));
        }
        let end = End { jobs: groups.iter().map(|group| group.job).collect(), alone };
        self.deliveries.handle(org, &vault, now, end).await
    }
}

/// The threads of deliveries in which a single one waits or is under way.
async fn waiting(tx: &mut OrgTx, loaded: &[Loaded]) -> Result<HashSet<String>, sqlx::Error> {
    let threads: HashSet<&str> = loaded.iter().filter_map(|one| one.thread.as_deref()).collect();
    if threads.is_empty() {
        return Ok(HashSet::new());
    }
    let keys: Vec<String> =
        sqlx::query_scalar("select distinct key from jobs where org_id = $1 and lane = $2 and key = any($3)")
            .bind(tx.org())
            .bind(Lane::Inbound.name())
            .bind(threads.into_iter().collect::<Vec<_>>())
            .fetch_all(tx.conn())
            .await?;
    Ok(keys.into_iter().collect())
}

/// What to handle now, and the jobs of the rest: those to be left alone, and whatever comes behind one of its thread.
fn split(mut loaded: Vec<Loaded>, alone: &HashSet<Uuid>, mut waiting: HashSet<String>) -> (Vec<Loaded>, Vec<NewJob>) {
    let mut jobs = Vec::new();
    loaded.retain(|one| {
        let behind = one.thread.as_ref().is_some_and(|thread| waiting.contains(thread));
        let waits = behind || alone.contains(&one.receipt.uuid());
        if waits {
            jobs.push(job_of(one.receipt, one.thread.as_deref()));
            waiting.extend(one.thread.clone());
        }
        !waits
    });
    (loaded, jobs)
}
