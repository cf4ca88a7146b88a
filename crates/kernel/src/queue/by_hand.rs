//! Runs a lane step by step, so that a test decides what happens between two steps.

use uuid::Uuid;

use super::finish::{self, Outcome};
use super::runner::{Handlers, group, run_group};
use super::{Lane, claim};
use crate::db::Db;

/// Runs what waits in a lane now, whatever time it waits for, and reports it as a worker would. Returns how many jobs ran;
/// what they enqueued waits for the next call.
pub async fn run_waiting(db: &Db, handlers: &Handlers, lane: Lane) -> Result<usize, sqlx::Error> {
    let pool = db.system_pool();
    sqlx::query("update jobs set run_at = now() where lane = $1 and worker is null and run_at > now()")
        .bind(lane.name())
        .execute(pool)
        .await?;
    let worker = Uuid::from_u128(rand::random());
    let jobs = claim::claim(pool, lane, worker, 256, Uuid::nil()).await?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for together in group(jobs, handlers) {
        let results = run_group(handlers, &together, lane.time_limit()).await;
        outcomes.extend(together.into_iter().zip(results).map(|(job, result)| Outcome { job, result }));
    }
    finish::write(pool, worker, db.signals(), &outcomes).await;
    Ok(outcomes.len())
}
