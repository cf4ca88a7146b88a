//! A job, what makes one, and what runs one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Lane;
use crate::ids::{JobId, OrgId};

/// A job to be written with the transaction of its cause. Payloads carry ids, not copies.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub(crate) id: Option<JobId>,
    pub(crate) lane: Lane,
    pub(crate) kind: &'static str,
    pub(crate) key: Option<String>,
    pub(crate) run_at: Option<DateTime<Utc>>,
    pub(crate) payload: Value,
}

impl NewJob {
    /// A job of a kind, to run as soon as possible.
    ///
    /// # Panics
    /// When the payload is not representable as JSON, which a struct of ids always is.
    pub fn new(lane: Lane, kind: &'static str, payload: &impl Serialize) -> Self {
        let payload = serde_json::to_value(payload).expect("job payloads are structs of ids and numbers");
        Self { id: None, lane, kind, key: None, run_at: None, payload }
    }

    /// With an id known before. Where the organisation has a job of that id already, that one stays, and this one is not written.
    #[must_use]
    pub fn id(mut self, id: JobId) -> Self {
        self.id = Some(id);
        self
    }

    /// Jobs of one key in one lane run one at a time, oldest first; a delayed head delays those behind it.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "keys are ids, which are copied; a reference would only add noise"
    )]
    pub fn key(mut self, key: impl ToString) -> Self {
        self.key = Some(key.to_string());
        self
    }

    /// Not before an instant.
    #[must_use]
    pub fn at(mut self, at: DateTime<Utc>) -> Self {
        self.run_at = Some(at);
        self
    }

    /// The lane it goes to.
    pub fn lane(&self) -> Lane {
        self.lane
    }
}

/// A claimed job.
#[derive(Clone, Debug)]
pub struct Job {
    /// The organisation it works for.
    pub org: OrgId,
    /// Its identity; also the fencing token of the claim together with the attempt.
    pub id: JobId,
    /// Its lane.
    pub lane: Lane,
    /// Its kind, such as `outbound.send`.
    pub kind: String,
    /// The order key.
    pub key: Option<String>,
    /// What to work on.
    pub payload: Value,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// How often a worker died on it.
    pub crashes: i32,
    /// When it was enqueued.
    pub enqueued_at: DateTime<Utc>,
    finished: Arc<AtomicBool>,
}

impl Job {
    pub(crate) fn from_row(row: super::claim::JobRow) -> Option<Self> {
        Some(Self {
            org: OrgId::from_uuid(row.org_id),
            id: JobId::from_uuid(row.id),
            lane: Lane::from_name(&row.lane)?,
            kind: row.kind,
            key: row.key,
            payload: row.payload,
            attempt: row.attempts,
            crashes: row.crashes,
            enqueued_at: row.enqueued_at,
            finished: Arc::default(),
        })
    }

    /// Reads the payload; a job whose payload does not fit its handler can never succeed.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        serde_json::from_value(self.payload.clone()).map_err(JobError::give_up)
    }

    /// Whether this is the last attempt before the dead letters.
    pub fn is_last_attempt(&self) -> bool {
        usize::try_from(self.attempt).unwrap_or(usize::MAX) > self.lane.retry_delays().len()
    }

    pub(crate) fn mark_finished(&self) {
        self.finished.store(true, Ordering::Release);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

/// Why a job did not succeed, and what to do about it. Every failure decides.
#[derive(Debug)]
pub enum JobError {
    /// Try again after the lane's next delay.
    Retry(anyhow::Error),
    /// It can never succeed: to the dead letters.
    GiveUp(anyhow::Error),
    /// Not now, and nobody's fault (a rate, quiet hours): try again after a while without using up an attempt.
    Later(Duration),
}

impl JobError {
    /// Try again after the lane's next delay.
    pub fn retry(error: impl Into<anyhow::Error>) -> Self {
        Self::Retry(error.into())
    }

    /// It can never succeed.
    pub fn give_up(error: impl Into<anyhow::Error>) -> Self {
        Self::GiveUp(error.into())
    }

    /// Not now.
    pub fn later(after: Duration) -> Self {
        Self::Later(after)
    }
}

/// The database may be away for a moment: always worth another try.
impl From<sqlx::Error> for JobError {
    fn from(error: sqlx::Error) -> Self {
        Self::Retry(error.into())
    }
}

impl From<anyhow::Error> for JobError {
    fn from(error: anyhow::Error) -> Self {
        Self::Retry(error)
    }
}

/// Runs jobs of one kind, one at a time.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The kind it runs, such as `crm.sync`.
    fn kind(&self) -> &'static str;

    /// Does the work. Idempotent: it may run again after a crash.
    async fn run(&self, job: &Job) -> Result<(), JobError>;
}

/// Runs several jobs of one kind and one organisation together, to share statements. Jobs of one key come in their order and
/// must take effect in it: behind one that failed the others of its key give [`JobError::Later`].
#[async_trait]
pub trait BatchHandler: Send + Sync + 'static {
    /// The kind it runs.
    fn kind(&self) -> &'static str;

    /// How many jobs it takes at once; those that follow one of them under its key come with it.
    fn most(&self) -> usize {
        64
    }

    /// Does the work; one result a job, in order.
    async fn run_batch(&self, org: OrgId, jobs: &[Job]) -> Vec<Result<(), JobError>>;
}
