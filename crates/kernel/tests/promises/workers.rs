//! What the queue's tests need: a handler made of a closure, and workers that can die.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kernel::Kernel;
use kernel::ids::{JobId, OrgId};
use kernel::queue::{Handler, Handlers, Job, JobError, Lane, NewJob, Queue, Running};
use kernel::testing::TestDb;
use serde_json::{Value, json};

/// The kind of every job here.
pub const KIND: &str = "test.work";

type Work = dyn Fn(&Job) -> Result<(), JobError> + Send + Sync;

struct Closure(Box<Work>);

#[async_trait]
impl Handler for Closure {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        // Lets the other jobs of the lane overlap with this one.
        tokio::task::yield_now().await;
        (self.0)(job)
    }
}

/// Never comes back, and says that it has begun.
pub struct Stuck(pub Arc<tokio::sync::Notify>);

#[async_trait]
impl Handler for Stuck {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, _: &Job) -> Result<(), JobError> {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Starts a worker over a kernel that does its jobs with a closure.
pub async fn work(kernel: &Kernel, with: impl Fn(&Job) -> Result<(), JobError> + Send + Sync + 'static) -> Running {
    run(kernel, Arc::new(Closure(Box::new(with)))).await
}

/// Starts a worker over a kernel with a handler.
pub async fn run(kernel: &Kernel, handler: Arc<dyn Handler>) -> Running {
    let mut handlers = Handlers::default();
    handlers.add(handler);
    Queue::new(kernel.db.clone(), handlers).start("worker").await.expect("a worker starts")
}

/// Adds one job.
pub async fn add(kernel: &Kernel, org: OrgId, lane: Lane, payload: Value) -> JobId {
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    let id = tx.enqueue(NewJob::new(lane, KIND, &payload));
    tx.commit().await.expect("committed");
    id
}

/// Adds many jobs in one transaction, in this order; those with a key in its order.
pub async fn add_all(kernel: &Kernel, org: OrgId, lane: Lane, jobs: impl IntoIterator<Item = (Option<String>, i64)>) {
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    for (key, number) in jobs {
        let job = NewJob::new(lane, KIND, &json!({ "n": number }));
        tx.enqueue(match key {
            Some(key) => job.key(key),
            None => job,
        });
    }
    tx.commit().await.expect("committed");
}

/// A number looked up as the database's owner.
pub async fn count(db: &TestDb, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut db.owner().await).await.expect("a count")
}

/// Something done as the database's owner.
pub async fn arrange(db: &TestDb, sql: &'static str) -> u64 {
    sqlx::query(sql).execute(&mut db.owner().await).await.expect("arranged").rows_affected()
}

/// A list that handlers write and tests read.
pub struct Notes<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Notes<T> {
    pub fn new() -> Self {
        Self(Arc::default())
    }

    pub fn add(&self, note: T) {
        self.0.lock().expect("no test panics with it").push(note);
    }

    pub fn all(&self) -> Vec<T> {
        self.0.lock().expect("no test panics with it").clone()
    }

    pub fn len(&self) -> usize {
        self.0.lock().expect("no test panics with it").len()
    }
}
