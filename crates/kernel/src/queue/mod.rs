//! The queue: jobs live in PostgreSQL, enqueued in the same transaction as their cause, and are claimed in batches.
//!
//! Order of work, always: claim, commit, work, report. Of jobs with one key only the oldest runs; organisations share a
//! lane fairly; a worker that dies gives its jobs back at once (its advisory lock is free) and no job is lost: after its last
//! failure it rests in the dead letters. Handlers must be idempotent: a job may run again after a crash.

#[cfg(feature = "testing")]
mod by_hand;
mod claim;
mod dead;
mod finish;
mod job;
mod lane;
mod liveness;
mod runner;
mod stats;

#[cfg(feature = "testing")]
pub use by_hand::run_waiting;
pub use dead::{DeadLetter, archive_dead, list_dead, retry_dead, retry_due_dead};
pub use job::{BatchHandler, Handler, Job, JobError, NewJob};
pub use lane::Lane;
pub use runner::{Handlers, Queue, Running};
pub use stats::{LaneStats, lane_stats, lane_stats_of};
