//! Runs the lanes: one loop a lane claims what its free places allow, each job runs in its own task.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::finish::{self, Outcome};
use super::liveness::{self, Worker};
use super::{BatchHandler, Handler, Job, JobError, Lane, claim};
use crate::db::Db;

/// How long a lane sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);

/// How long a busy lane lets jobs gather before it claims again.
const GATHER: Duration = Duration::from_millis(25);

/// So many jobs of one claim say that a lane is under load: then it lets them gather for twice as long.
const LOAD: usize = 12;

/// The handlers of a process, by kind of job.
#[derive(Clone, Default)]
pub struct Handlers {
    single: HashMap<&'static str, Arc<dyn Handler>>,
    batch: HashMap<&'static str, Arc<dyn BatchHandler>>,
}

impl Handlers {
    /// Adds a handler for one job at a time.
    pub fn add(&mut self, handler: Arc<dyn Handler>) {
        self.single.insert(handler.kind(), handler);
    }

    /// Adds a handler for several jobs at a time.
    pub fn add_batch(&mut self, handler: Arc<dyn BatchHandler>) {
        self.batch.insert(handler.kind(), handler);
    }
}

/// The queue of one process.
pub struct Queue {
    db: Db,
    handlers: Handlers,
}

/// A queue at work; drain it before the process ends.
pub struct Running {
    stop_claiming: CancellationToken,
    stop_beating: CancellationToken,
    lanes: Vec<JoinHandle<()>>,
    tasks: TaskTracker,
    finisher: JoinHandle<()>,
    heart: JoinHandle<()>,
    outcomes: mpsc::Sender<Outcome>,
}

impl Queue {
    /// A queue over a database with its handlers.
    pub fn new(db: Db, handlers: Handlers) -> Self {
        Self { db, handlers }
    }

    /// Starts every lane. `roles` is what the operator sees of this process.
    pub async fn start(self, roles: &str) -> Result<Running, sqlx::Error> {
        let (worker, connection) = Worker::register(&self.db, roles).await?;
        let worker = Arc::new(worker);
        let stop_claiming = CancellationToken::new();
        let stop_beating = CancellationToken::new();
        let tasks = TaskTracker::new();
        let pool = self.db.system_pool().clone();
        let (outcomes, finisher) = finish::start(pool, Arc::clone(&worker), self.db.signals().clone());
        let heart = {
            let (db, worker, roles, stop) =
                (self.db.clone(), Arc::clone(&worker), roles.to_owned(), stop_beating.clone());
            tokio::spawn(async move { liveness::keep_alive(db, &worker, connection, &roles, stop).await })
        };
        let handlers = Arc::new(self.handlers);
        let lanes = Lane::ALL
            .iter()
            .map(|&lane| {
                let loop_ = LaneLoop {
                    lane,
                    db: self.db.clone(),
                    worker: Arc::clone(&worker),
                    handlers: Arc::clone(&handlers),
                    places: Arc::new(Semaphore::new(lane.concurrency())),
                    tasks: tasks.clone(),
                    outcomes: outcomes.clone(),
                };
                tokio::spawn(loop_.run(stop_claiming.clone()))
            })
            .collect();
        Ok(Running { stop_claiming, stop_beating, lanes, tasks, finisher, heart, outcomes })
    }
}

impl Running {
    /// Stops claiming, waits up to `patience` for running jobs, reports them, and gives the rest back.
    pub async fn drain(self, patience: Duration) {
        self.stop_claiming.cancel();
        for lane in self.lanes {
            // A lane loop only panics with a bug of ours, which its task has already reported.
            drop(lane.await);
        }
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!("some jobs did not end in time; another worker takes them over");
        }
        drop(self.outcomes);
        if tokio::time::timeout(Duration::from_secs(5), self.finisher).await.is_err() {
            tracing::warn!("some finished jobs could not be reported; they run again");
        }
        self.stop_beating.cancel();
        drop(self.heart.await);
    }
}

struct LaneLoop {
    lane: Lane,
    db: Db,
    worker: Arc<Worker>,
    handlers: Arc<Handlers>,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    outcomes: mpsc::Sender<Outcome>,
}

impl LaneLoop {
    async fn run(self, stop: CancellationToken) {
        let mut after = Uuid::nil();
        let mut more = false;
        let mut last_claim = 0;
        loop {
            let place = tokio::select! {
                () = stop.cancelled() => return,
                place = Arc::clone(&self.places).acquire_owned() => place,
            };
            // The semaphore is never closed, so a place always comes.
            let Ok(place) = place else { return };
            if !more {
                self.gather(last_claim).await;
            }
            let limit = self.limit();
            let claimed = self.claim(after, limit).await;
            more = claimed.len() >= limit;
            last_claim = claimed.len();
            if let Some(last) = claimed.last() {
                after = last.org.uuid();
                self.dispatch(claimed, place);
                continue;
            }
            drop(place);
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.db.signals().lane_woken(self.lane) => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// While some batches are under way the next one gathers: under load a few large ones cost far less than many small ones.
    /// `last` is how many jobs were claimed the last time.
    async fn gather(&self, last: usize) {
        let under_way = self.lane.concurrency() - self.places.available_permits();
        if self.lane.batches() && under_way > 2 {
            tokio::time::sleep(if last >= LOAD { GATHER * 2 } else { GATHER }).await;
        }
    }

    /// What the free places can take; batch lanes take many jobs a place.
    fn limit(&self) -> usize {
        let free = self.places.available_permits() + 1;
        if self.lane.batches() { (free * 32).clamp(32, 128) } else { free }
    }

    /// Claims for the free places.
    async fn claim(&self, after: Uuid, limit: usize) -> Vec<Job> {
        match claim::claim(self.db.system_pool(), self.lane, self.worker.id(), limit as i32, after).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(lane = self.lane.name(), error = %error, "claiming failed; trying again");
                Vec::new()
            }
        }
    }

    fn dispatch(&self, jobs: Vec<Job>, first: OwnedSemaphorePermit) {
        let mut place = Some(first);
        for group in group(jobs, &self.handlers) {
            // Groups beyond the free places wait for one in their own task: claimed is claimed.
            let (places, handlers, outcomes, limit) =
                (Arc::clone(&self.places), Arc::clone(&self.handlers), self.outcomes.clone(), self.lane.time_limit());
            let held = place.take();
            self.tasks.spawn(async move {
                let _place = match held {
                    Some(place) => Some(place),
                    None => places.acquire_owned().await.ok(),
                };
                let results = run_group(&handlers, &group, limit).await;
                for (job, result) in group.into_iter().zip(results) {
                    if outcomes.send(Outcome { job, result }).await.is_err() {
                        tracing::warn!("a job ended after the queue; it runs again");
                    }
                }
            });
        }
    }
}

/// Splits claimed jobs into what runs together: one kind of one organisation for batch handlers, one key otherwise. Jobs of one
/// key are never apart, so that they run in their order.
pub(super) fn group(jobs: Vec<Job>, handlers: &Handlers) -> Vec<Vec<Job>> {
    let mut groups: Vec<Vec<Job>> = Vec::new();
    let mut open: HashMap<(crate::ids::OrgId, String), usize> = HashMap::new();
    let mut keys: HashMap<(crate::ids::OrgId, String), usize> = HashMap::new();
    for job in jobs {
        let key = job.key.clone().map(|key| (job.org, key));
        if let Some(&at) = key.as_ref().and_then(|key| keys.get(key)) {
            groups[at].push(job);
            continue;
        }
        let most = handlers.batch.get(job.kind.as_str()).map(|handler| handler.most());
        let slot = (job.org, job.kind.clone());
        let at = match (most, open.get(&slot)) {
            (Some(most), Some(&at)) if groups[at].len() < most => {
                groups[at].push(job);
                at
            }
            (most, _) => {
                groups.push(vec![job]);
                if most.is_some() {
                    open.insert(slot, groups.len() - 1);
                }
                groups.len() - 1
            }
        };
        keys.extend(key.map(|key| (key, at)));
    }
    groups
}

pub(super) async fn run_group(handlers: &Handlers, jobs: &[Job], limit: Duration) -> Vec<Result<(), JobError>> {
    let Some(first) = jobs.first() else { return Vec::new() };
    let work = async {
        if let Some(handler) = handlers.batch.get(first.kind.as_str()) {
            return handler.run_batch(first.org, jobs).await;
        }
        if let Some(handler) = handlers.single.get(first.kind.as_str()) {
            return one_by_one(handler.as_ref(), jobs).await;
        }
        let none = || JobError::give_up(anyhow::anyhow!("no handler for jobs of kind {}", first.kind));
        jobs.iter().map(|_| Err(none())).collect()
    };
    // A panic is a failed attempt, not a lost job.
    let caught =
        futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(tokio::time::timeout(limit, work))).await;
    match caught {
        Ok(Ok(results)) if results.len() == jobs.len() => results,
        Ok(Ok(_)) => fail_all(jobs, "its handler returned the wrong number of results"),
        Ok(Err(_)) => fail_all(jobs, "it took longer than its lane allows"),
        Err(_) => fail_all(jobs, "its handler panicked"),
    }
}

/// Jobs of one key, in their order; behind one that failed the others wait.
async fn one_by_one(handler: &dyn super::Handler, jobs: &[Job]) -> Vec<Result<(), JobError>> {
    let mut results: Vec<Result<(), JobError>> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let blocked = results.last().is_some_and(Result::is_err);
        results.push(if blocked { Err(JobError::later(Duration::ZERO)) } else { handler.run(job).await });
    }
    results
}

fn fail_all(jobs: &[Job], why: &'static str) -> Vec<Result<(), JobError>> {
    jobs.iter().map(|_| Err(JobError::retry(anyhow::anyhow!(why)))).collect()
}
