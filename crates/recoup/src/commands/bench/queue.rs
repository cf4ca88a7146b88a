//! No-op jobs end to end (written, claimed, run, reported), and how soon another organisation's job starts behind a backlog.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use kernel::config::Config;
use kernel::ids::OrgId;
use kernel::queue::{Handler, Handlers, Job, JobError, Lane, NewJob, Queue};
use serde_json::json;
use tokio::sync::Notify;

use super::measured::say;
use super::place::Place;

/// How many.
#[derive(clap::Args)]
pub struct QueueBench {
    /// Jobs end to end.
    #[arg(long, default_value_t = 100_000)]
    jobs: usize,
    /// Jobs of one organisation that another one's job stands behind.
    #[arg(long, default_value_t = 100_000)]
    backlog: usize,
}

/// Counts, and says when the favoured organisation's job began.
struct Noop {
    done: Arc<AtomicU64>,
    favoured: OrgId,
    began: Arc<Notify>,
}

#[async_trait]
impl Handler for Noop {
    fn kind(&self) -> &'static str {
        "bench.noop"
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        if job.org == self.favoured {
            self.began.notify_one();
        }
        self.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl QueueBench {
    /// Measures throughput, then fairness.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let place = Place::new(config, "queue").await?;
        let (busy, other) = (place.organisation("Busy").await?, place.organisation("Other").await?);
        let (done, began) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let mut handlers = Handlers::default();
        handlers.add(Arc::new(Noop { done: Arc::clone(&done), favoured: other, began: Arc::clone(&began) }));
        let running = Queue::new(place.kernel.db.clone(), handlers).start("bench").await?;

        let start = Instant::now();
        enqueue(&place, busy, self.jobs).await?;
        say("queue_written_per_s", format!("{:.0}", self.jobs as f64 / start.elapsed().as_secs_f64()));
        empty(&place, busy).await?;
        say("queue_jobs_end_to_end_per_s", format!("{:.0}", self.jobs as f64 / start.elapsed().as_secs_f64()));
        anyhow::ensure!(done.load(Ordering::Relaxed) as usize >= self.jobs, "a job was lost");

        enqueue(&place, busy, self.backlog).await?;
        let start = Instant::now();
        enqueue(&place, other, 1).await?;
        tokio::time::timeout(Duration::from_secs(60), began.notified()).await?;
        say("queue_other_tenant_starts_after_ms", format!("{:.1}", start.elapsed().as_secs_f64() * 1e3));
        say("queue_backlog_then", left(&place, busy).await?);
        running.drain(Duration::from_secs(30)).await;
        place.close().await
    }
}

async fn enqueue(place: &Place, org: OrgId, jobs: usize) -> anyhow::Result<()> {
    let mut left = jobs;
    while left > 0 {
        let some = left.min(5_000);
        let mut tx = place.kernel.db.begin(org).await?;
        for number in 0..some {
            tx.enqueue(NewJob::new(Lane::Inbound, "bench.noop", &json!({ "number": number })));
        }
        tx.commit().await?;
        left -= some;
    }
    Ok(())
}

async fn left(place: &Place, org: OrgId) -> anyhow::Result<i64> {
    let mut tx = place.kernel.db.begin(org).await?;
    Ok(sqlx::query_scalar("select count(*) from jobs where org_id = $1").bind(org).fetch_one(tx.conn()).await?)
}

async fn empty(place: &Place, org: OrgId) -> anyhow::Result<()> {
    while left(place, org).await? > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
