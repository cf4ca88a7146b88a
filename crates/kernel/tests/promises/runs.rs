//! Jobs that follow one another under one key are claimed together and stay in their order.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::ids::OrgId;
use kernel::queue::{BatchHandler, Handlers, Job, JobError, Lane, NewJob, run_waiting};
use kernel::testing::TestDb;
use serde_json::json;

use crate::workers::{KIND, Notes, add_all, count};

/// Notes what came together; refuses the numbers it is told to, and what follows them under their key.
struct Together {
    batches: Notes<Vec<(String, i64)>>,
    refused: Vec<i64>,
}

fn number(job: &Job) -> i64 {
    job.payload["n"].as_i64().expect("a number")
}

#[async_trait]
impl BatchHandler for Together {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn most(&self) -> usize {
        2
    }

    async fn run_batch(&self, _: OrgId, jobs: &[Job]) -> Vec<Result<(), JobError>> {
        self.batches.add(jobs.iter().map(|job| (job.key.clone().unwrap_or_default(), number(job))).collect());
        let mut stuck: Vec<Option<String>> = Vec::new();
        let mut results = Vec::new();
        for job in jobs {
            let behind = job.key.is_some() && stuck.contains(&job.key);
            let fails = self.refused.contains(&number(job));
            if fails {
                stuck.push(job.key.clone());
            }
            results.push(match (behind, fails) {
                (true, _) => Err(JobError::later(std::time::Duration::ZERO)),
                (_, true) => Err(JobError::retry(anyhow::anyhow!("refused"))),
                _ => Ok(()),
            });
        }
        results
    }
}

fn handlers(refused: Vec<i64>) -> (Handlers, Notes<Vec<(String, i64)>>) {
    let batches = Notes::new();
    let mut handlers = Handlers::default();
    handlers.add_batch(Arc::new(Together { batches: batches.clone(), refused }));
    (handlers, batches)
}

fn keyed(key: &str, numbers: impl IntoIterator<Item = i64>) -> Vec<(Option<String>, i64)> {
    numbers.into_iter().map(|n| (Some(key.to_owned()), n)).collect()
}

#[tokio::test]
async fn a_run_of_one_key_comes_together_and_in_order() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    // Two threads in turn, then forty more of the first.
    let turns = (0..6).map(|n| (Some(if n % 2 == 0 { "a" } else { "b" }.to_owned()), n));
    add_all(&kernel, org, Lane::Inbound, turns.chain(keyed("a", 6..46))).await;
    let all: Vec<i64> = [0, 2, 4].into_iter().chain(6..46).collect();
    let (handlers, batches) = handlers(Vec::new());
    let first = run_waiting(&kernel.db, &handlers, Lane::Inbound).await.expect("the lane runs");
    let of = |key: &str| -> Vec<i64> {
        batches.all().concat().into_iter().filter(|(found, _)| found == key).map(|(_, n)| n).collect()
    };
    assert_eq!((of("a"), of("b")), (all[..32].to_vec(), vec![1, 3, 5]), "thirty-two at a time");
    assert_eq!(first, 35);
    for batch in batches.all() {
        assert!(batch.iter().filter(|(key, _)| key == "a").count() % 32 == 0, "a run is never apart: {batch:?}");
    }
    run_waiting(&kernel.db, &handlers, Lane::Inbound).await.expect("the lane runs");
    assert_eq!(of("a"), all);
    assert_eq!(count(&db, "select count(*) from jobs").await, 0);
}

#[tokio::test]
async fn a_run_ends_before_another_kind_and_before_what_is_not_due() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    let job = |kind: &'static str, n: i64| NewJob::new(Lane::Inbound, kind, &json!({ "n": n })).key("a");
    for (kind, n) in [(KIND, 1), (KIND, 2), ("test.other", 3), (KIND, 4)] {
        tx.enqueue(job(kind, n));
    }
    tx.commit().await.expect("committed");
    let (handlers, batches) = handlers(Vec::new());
    run_waiting(&kernel.db, &handlers, Lane::Inbound).await.expect("the lane runs");
    assert_eq!(batches.all().concat(), [("a".to_owned(), 1), ("a".to_owned(), 2)], "the other kind stands between");
    assert_eq!(count(&db, "select count(*) from jobs where worker is not null").await, 0);
    assert_eq!(count(&db, "select count(*) from jobs").await, 2, "4 waits behind 3");
}

#[tokio::test]
async fn what_follows_a_failure_waits_for_it() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    add_all(&kernel, org, Lane::Inbound, keyed("a", 1..5).into_iter().chain(keyed("b", 11..13))).await;
    let (fails, seen) = handlers(vec![2]);
    run_waiting(&kernel.db, &fails, Lane::Inbound).await.expect("the lane runs");
    assert_eq!(seen.all().concat().len(), 6);
    assert_eq!(count(&db, "select count(*) from jobs").await, 3, "1, 11 and 12 are done");
    assert_eq!(
        count(&db, "select count(*) from jobs where attempts = 0").await,
        2,
        "what only waited has used no attempt up"
    );
    let (again, seen) = handlers(Vec::new());
    run_waiting(&kernel.db, &again, Lane::Inbound).await.expect("the lane runs");
    assert_eq!(seen.all().concat().into_iter().map(|(_, n)| n).collect::<Vec<_>>(), [2, 3, 4]);
}
