//! The statements of a claimed job's life: claim, report, give back.
//!
//! No index knows who claimed a job, so that a claim writes none: whoever looks for claims by their worker reads the whole table.
//! That is for the liveness connection, which may, and planned anew each time: the table may have been short a moment ago.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Job, Lane};

/// How long a claim lasts without a sign of life, in seconds; running claims are prolonged every third of it.
pub(super) const LEASE_SECONDS: f64 = 60.0;

/// How often workers may die on one job before it counts as poison.
pub(super) const CRASH_LIMIT: i32 = 12;

/// After how many crashes a job waits before it runs again: a second, then twice as long each time, a minute at most.
const CRASHES_AT_ONCE: i32 = 3;

#[derive(sqlx::FromRow)]
pub(crate) struct JobRow {
    pub org_id: Uuid,
    pub id: Uuid,
    pub lane: String,
    pub kind: String,
    pub key: Option<String>,
    pub payload: Value,
    pub attempts: i32,
    pub crashes: i32,
    pub enqueued_at: DateTime<Utc>,
}

/// Claims up to `limit` due jobs of a lane for a worker, and behind each those of its key that the lane takes with it, starting
/// after the organisation served last. They come in the order of their enqueuing within an organisation.
pub(super) async fn claim(
    pool: &PgPool,
    lane: Lane,
    worker: Uuid,
    limit: i32,
    after: Uuid,
) -> Result<Vec<Job>, sqlx::Error> {
    let rows: Vec<JobRow> = sqlx::query_as(
        "select org_id, id, lane, kind, key, payload, attempts, crashes, enqueued_at \
         from recoup_claim($1, $2, make_interval(secs => $3), $4, $5, $6)",
    )
    .bind(lane.name())
    .bind(worker)
    .bind(LEASE_SECONDS)
    .bind(limit)
    .bind(after)
    .bind(lane.run())
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().filter_map(Job::from_row).collect())
}

/// Prolongs the claims of a worker.
pub(super) async fn prolong(connection: &mut PgConnection, worker: Uuid) -> Result<(), sqlx::Error> {
    // A job whose row somebody holds is just being finished: waiting for it would hold up all the others meanwhile.
    sqlx::query(
        "with mine as (select org_id, id from jobs where worker = $1 for update skip locked) \
         update jobs j set lease_until = now() + make_interval(secs => $2) from mine m \
         where j.org_id = m.org_id and j.id = m.id",
    )
    .bind(worker)
    .bind(LEASE_SECONDS)
    .persistent(false)
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives all claims of a worker back unused (drain at shutdown).
pub(super) async fn give_back(connection: &mut PgConnection, worker: Uuid) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "update jobs set worker = null, lease_until = null, attempts = greatest(attempts - 1, 0) where worker = $1",
    )
    .bind(worker)
    .persistent(false)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Returns jobs whose worker is dead or whose lease ran out; those that killed too many workers die. After some crashes a job
/// waits longer each time: one that is only near where others crash comes through, one that kills does not kill all day.
pub(super) async fn reap(connection: &mut PgConnection, dead: &[Uuid]) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "with late as (select org_id, id from jobs where worker is not null and (worker = any($2) or lease_until < now()) \
           for update skip locked), \
         poison as (delete from jobs j using late l where j.org_id = l.org_id and j.id = l.id and j.crashes + 1 >= $1 \
           returning j.*), \
         buried as (insert into dead_letters (org_id, id, lane, kind, key, payload, attempts, crashes, error, enqueued_at, retries) \
           select org_id, id, lane, kind, key, payload, attempts, crashes + 1, \
             'its worker died or hung ' || (crashes + 1) || ' times', enqueued_at, revivals from poison) \
         update jobs j set worker = null, lease_until = null, crashes = crashes + 1, \
           attempts = greatest(attempts - 1, 0), \
           run_at = now() + make_interval(secs => case when j.crashes < $3 then 0 else least(60, 2 ^ (j.crashes - $3)) end) \
         from late l where j.org_id = l.org_id and j.id = l.id and j.crashes + 1 < $1",
    )
    .bind(CRASH_LIMIT)
    .bind(dead)
    .bind(CRASHES_AT_ONCE)
    .persistent(false)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
