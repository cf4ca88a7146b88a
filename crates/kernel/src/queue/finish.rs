//! Reports of finished jobs, written many at a time.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::liveness::Worker;
use super::{Job, JobError, Lane};
use crate::can_fail::CanFail;
use crate::signals::Signals;

/// What became of a job.
pub(super) struct Outcome {
    pub job: Job,
    pub result: Result<(), JobError>,
}

/// Takes outcomes and writes them in batches; dropping the last sender ends it after the last write.
pub(super) fn start(
    pool: PgPool,
    worker: Arc<Worker>,
    signals: Signals,
) -> (mpsc::Sender<Outcome>, tokio::task::JoinHandle<()>) {
    let (sender, mut receiver) = mpsc::channel::<Outcome>(4_096);
    let task = tokio::spawn(async move {
        let mut batch = Vec::with_capacity(512);
        while receiver.recv_many(&mut batch, 512).await > 0 {
            write(&pool, worker.id(), &signals, &batch).await;
            batch.clear();
        }
    });
    (sender, task)
}

pub(super) async fn write(pool: &PgPool, worker: Uuid, signals: &Signals, batch: &[Outcome]) {
    let mut done: (Vec<Uuid>, Vec<Uuid>) = Default::default();
    for outcome in batch {
        match &outcome.result {
            Ok(()) if outcome.job.is_finished() => {}
            Ok(()) => {
                done.0.push(outcome.job.org.uuid());
                done.1.push(outcome.job.id.uuid());
            }
            Err(error) => report_failure(pool, worker, &outcome.job, error).await,
        }
    }
    if !done.0.is_empty() {
        delete_all(pool, &done.0, &done.1).await;
    }
    // A keyed job that ended lets the next of its key run.
    let mut lanes: Vec<Lane> =
        batch.iter().filter(|outcome| outcome.job.key.is_some()).map(|outcome| outcome.job.lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    for lane in lanes {
        signals.lane(lane);
    }
}

/// Deletes finished jobs, trying again while the database is away: a finished job must not run twice for a blip.
async fn delete_all(pool: &PgPool, orgs: &[Uuid], ids: &[Uuid]) {
    for wait_ms in [0, 50, 200, 1_000, 5_000] {
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        let result = sqlx::query("select recoup_finish($1, $2)").bind(orgs).bind(ids).execute(pool).await;
        if result.can_fail("removing finished jobs; they run again after their lease").is_some() {
            return;
        }
    }
}

async fn report_failure(pool: &PgPool, worker: Uuid, job: &Job, error: &JobError) {
    let attempt = usize::try_from(job.attempt).unwrap_or(1).max(1);
    let result = match error {
        JobError::Later(after) => again(pool, worker, job, after.as_secs_f64(), None, true).await,
        JobError::Retry(reason) => match job.lane.retry_delays().get(attempt - 1) {
            Some(&delay) => {
                tracing::info!(job.id = %job.id, job.kind, job.attempt, retry.in_s = delay, error = format!("{reason:#}"), "job failed, retrying");
                again(pool, worker, job, delay as f64, Some(format!("{reason:#}")), false).await
            }
            None => bury(pool, worker, job, format!("{reason:#}")).await,
        },
        JobError::GiveUp(reason) => bury(pool, worker, job, format!("{reason:#}")).await,
    };
    result.can_fail("reporting a failed job; it runs again after its lease");
}

async fn again(
    pool: &PgPool,
    worker: Uuid,
    job: &Job,
    delay_s: f64,
    error: Option<String>,
    refund: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update jobs set worker = null, lease_until = null, run_at = now() + make_interval(secs => $4), \
         last_error = coalesce($5, last_error), attempts = attempts - $6 where org_id = $1 and id = $2 and worker = $3",
    )
    .bind(job.org)
    .bind(job.id)
    .bind(worker)
    .bind(delay_s)
    .bind(error)
    .bind(i32::from(refund))
    .execute(pool)
    .await?;
    Ok(())
}

async fn bury(pool: &PgPool, worker: Uuid, job: &Job, error: String) -> Result<(), sqlx::Error> {
    tracing::error!(job.id = %job.id, job.kind, job.attempt, error, "job is dead");
    sqlx::query(
        "with gone as (delete from jobs where org_id = $1 and id = $2 and worker = $3 returning *) \
         insert into dead_letters (org_id, id, lane, kind, key, payload, attempts, crashes, error, enqueued_at, retries) \
         select org_id, id, lane, kind, key, payload, attempts, crashes, $4, enqueued_at, revivals from gone",
    )
    .bind(job.org)
    .bind(job.id)
    .bind(worker)
    .bind(error)
    .execute(pool)
    .await?;
    Ok(())
}
