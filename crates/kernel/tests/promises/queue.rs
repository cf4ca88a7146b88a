//! Nothing lost, nothing doubled, order kept, nobody starved.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::Kernel;
use kernel::queue::{JobError, Lane, archive_dead, list_dead, retry_dead, retry_due_dead};
use kernel::testing::{TestDb, until};
use serde_json::json;

use crate::workers::{Notes, Stuck, add, add_all, arrange, count, run, work};

const PATIENCE: Duration = Duration::from_secs(10);

async fn empty(db: &TestDb) {
    until("an empty queue", || async { (count(db, "select count(*) from jobs").await == 0).then_some(()) }).await;
}

/// Makes waiting retries due at once, instead of waiting for their delays.
async fn hurry(db: &TestDb, kernel: &Kernel) {
    if arrange(db, "update jobs set run_at = now() where worker is null and run_at > now()").await > 0 {
        for lane in Lane::ALL {
            kernel.db.signals().lane(*lane);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_key_run_in_order_over_two_workers_even_when_some_are_put_off() {
    let db = TestDb::new().await;
    let (one, other) = (db.kernel().await, db.kernel().await);
    let org = db.org(&one, "Northwind").await;
    add_all(&one, org, Lane::Inbound, (0..200).map(|n| (Some(format!("key {}", n % 7)), n))).await;
    let done: Notes<(String, i64)> = Notes::new();
    let put_off: Notes<i64> = Notes::new();
    let mut workers = Vec::new();
    for kernel in [&one, &other] {
        let (done, put_off) = (done.clone(), put_off.clone());
        let worker = work(kernel, move |job| {
            let n = job.payload["n"].as_i64().expect("a number");
            if n % 11 == 0 && !put_off.all().contains(&n) {
                put_off.add(n);
                return Err(JobError::later(Duration::from_millis(1)));
            }
            done.add((job.key.clone().expect("a key"), n));
            Ok(())
        });
        workers.push(worker.await);
    }
    empty(&db).await;
    let mut by_key: HashMap<String, Vec<i64>> = HashMap::new();
    for (key, n) in done.all() {
        by_key.entry(key).or_default().push(n);
    }
    assert_eq!(by_key.len(), 7);
    assert_eq!(done.len(), 200, "each ran once");
    for (key, numbers) in by_key {
        assert!(numbers.is_sorted(), "{key}: {numbers:?}");
    }
    for worker in workers {
        worker.drain(PATIENCE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_tenant_is_served_beside_a_large_backlog() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let (large, small) = (db.org(&kernel, "Large").await, db.org(&kernel, "Small").await);
    add_all(&kernel, large, Lane::Crm, (0..3_000).map(|n| (None, n))).await;
    let seen: Notes<kernel::ids::OrgId> = Notes::new();
    let gate = Arc::new(tokio::sync::Notify::new());
    let (notes, opened) = (seen.clone(), Arc::clone(&gate));
    let worker = work(&kernel, move |job| {
        notes.add(job.org);
        if notes.len() == 100 {
            opened.notify_one();
        }
        Ok(())
    })
    .await;
    gate.notified().await;
    add_all(&kernel, small, Lane::Crm, [(None, 1)]).await;
    let before = seen.len();
    let at = until("the small tenant's job", || async { seen.all().iter().position(|org| *org == small) }).await;
    // Counted in jobs, not by the clock: a round over the tenants and what was claimed already, nothing near the backlog.
    assert!(at.saturating_sub(before) < 200, "it waited behind {} jobs of the other", at - before);
    assert!(seen.len() < 3_000, "the backlog was still there");
    worker.drain(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_a_long_line_does_not_hide_the_jobs_behind_it() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    // The head waits for tomorrow, two thousand wait behind it, and one of another key stands at the very end.
    let mut tx = kernel.db.begin(org).await.unwrap();
    let tomorrow = kernel.clock.now() + chrono::TimeDelta::days(1);
    tx.enqueue(
        kernel::queue::NewJob::new(Lane::Crm, crate::workers::KIND, &json!({ "n": 0 })).key("busy").at(tomorrow),
    );
    tx.commit().await.unwrap();
    add_all(&kernel, org, Lane::Crm, (1..2_001).map(|n| (Some("busy".to_owned()), n))).await;
    add_all(&kernel, org, Lane::Crm, [(Some("free".to_owned()), 7)]).await;
    let done: Notes<i64> = Notes::new();
    let notes = done.clone();
    let worker = work(&kernel, move |job| {
        notes.add(job.payload["n"].as_i64().expect("a number"));
        Ok(())
    })
    .await;
    until("the free key's job", || async { (done.len() > 0).then_some(()) }).await;
    worker.drain(PATIENCE).await;
    assert_eq!(done.all(), [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_is_retried_then_rests_in_the_dead_letters_and_can_be_woken() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let attempts: Notes<(i32, bool)> = Notes::new();
    let notes = attempts.clone();
    let worker = work(&kernel, move |job| {
        notes.add((job.attempt, job.is_last_attempt()));
        assert_ne!(notes.len(), 2, "a handler may panic");
        Err(JobError::retry(anyhow::anyhow!("the CRM is away")))
    })
    .await;
    let id = add(&kernel, org, Lane::Ai, json!({})).await;
    until("the dead letter", || async {
        hurry(&db, &kernel).await;
        (count(&db, "select count(*) from dead_letters").await == 1).then_some(())
    })
    .await;
    assert_eq!(attempts.all(), [(1, false), (2, false), (3, true)], "as often as the lane has delays, and once");
    let mut tx = kernel.db.begin(org).await.unwrap();
    let dead = list_dead(&mut tx, 10, None).await.unwrap();
    assert_eq!((dead[0].id, dead[0].error.as_str(), dead[0].attempts), (id, "the CRM is away", 3));
    assert!(retry_dead(&mut tx, id).await.unwrap() && !retry_dead(&mut tx, id).await.unwrap());
    tx.commit().await.unwrap();
    kernel.db.signals().lane(Lane::Ai);
    until("a new attempt", || async { (attempts.len() == 4).then_some(()) }).await;
    assert_eq!(attempts.all()[3].0, 1, "it starts anew");
    worker.drain(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisation_neither_sees_nor_wakes_a_dead_letter() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let (org, other) = (db.org(&kernel, "Northwind").await, db.org(&kernel, "Other").await);
    let worker = work(&kernel, |_| Err(JobError::give_up(anyhow::anyhow!("it never works")))).await;
    let id = add(&kernel, org, Lane::Ai, json!({})).await;
    until("the dead letter", || async { (count(&db, "select count(*) from dead_letters").await == 1).then_some(()) })
        .await;
    worker.drain(PATIENCE).await;
    assert_eq!(count(&db, "select attempts::bigint from dead_letters").await, 1, "given up at once");
    let mut tx = kernel.db.begin(other).await.unwrap();
    assert!(list_dead(&mut tx, 10, None).await.unwrap().is_empty());
    assert!(!retry_dead(&mut tx, id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_put_off_uses_no_attempt_up() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let attempts: Notes<i32> = Notes::new();
    let notes = attempts.clone();
    let worker = work(&kernel, move |job| {
        notes.add(job.attempt);
        if notes.len() < 12 { Err(JobError::later(Duration::from_hours(1))) } else { Ok(()) }
    })
    .await;
    add(&kernel, org, Lane::Ai, json!({})).await;
    until("its end", || async {
        hurry(&db, &kernel).await;
        (count(&db, "select count(*) from jobs").await == 0).then_some(())
    })
    .await;
    assert_eq!(attempts.all(), [1; 12]);
    worker.drain(PATIENCE).await;
}

/// Starts a worker on a runtime of its own that gets stuck on a job, and kills it with its connections.
fn die_at_work(url: String) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut config = kernel::config::Config::default();
            config.vault.master_key = kernel::config::Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
            let kernel = Kernel::open(config, &url, kernel::Clock::system()).await.expect("a kernel");
            let begun = Arc::new(tokio::sync::Notify::new());
            let worker = run(&kernel, Arc::new(Stuck(Arc::clone(&begun)))).await;
            begun.notified().await;
            // No drain, no goodbye.
            std::mem::forget(worker);
        });
        runtime.shutdown_background();
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_workers_job_goes_to_another_at_once_and_a_poison_job_to_the_dead_letters() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    add(&kernel, org, Lane::Report, json!({})).await;
    let url = db.url().to_owned();
    tokio::task::spawn_blocking(move || die_at_work(url).join()).await.unwrap().unwrap();
    assert_eq!(count(&db, "select count(*) from jobs where worker is not null and lease_until > now()").await, 1);
    let seen: Notes<(i32, i32)> = Notes::new();
    let notes = seen.clone();
    let worker = work(&kernel, move |job| {
        notes.add((job.attempt, job.crashes));
        Ok(())
    })
    .await;
    empty(&db).await;
    assert_eq!(seen.all(), [(1, 1)], "a crash is no attempt, but it is counted");
    worker.drain(PATIENCE).await;

    // The same with a job on which workers died often already.
    add(&kernel, org, Lane::Report, json!({})).await;
    arrange(&db, "update jobs set crashes = 11").await;
    let url = db.url().to_owned();
    tokio::task::spawn_blocking(move || die_at_work(url).join()).await.unwrap().unwrap();
    let worker = work(&kernel, |_| panic!("nobody runs it again")).await;
    until("the dead letter", || async { (count(&db, "select count(*) from dead_letters").await == 1).then_some(()) })
        .await;
    let mut tx = kernel.db.begin(org).await.unwrap();
    let dead = list_dead(&mut tx, 1, None).await.unwrap();
    assert_eq!((dead[0].crashes, dead[0].error.as_str()), (12, "its worker died or hung 12 times"));
    worker.drain(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_near_many_crashes_waits_before_it_runs_again() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    add(&kernel, org, Lane::Report, json!({})).await;
    arrange(&db, "update jobs set crashes = 8").await;
    let url = db.url().to_owned();
    tokio::task::spawn_blocking(move || die_at_work(url).join()).await.unwrap().unwrap();
    let worker = work(&kernel, |_| panic!("it waits half a minute")).await;
    until("the crash to be counted", || async {
        (count(&db, "select count(*) from jobs where worker is null and crashes = 9").await == 1).then_some(())
    })
    .await;
    assert_eq!(count(&db, "select count(*) from jobs where run_at > now() + interval '25 seconds'").await, 1);
    worker.drain(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_loses_its_connection_takes_a_new_identity_and_works_on() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let done: Notes<()> = Notes::new();
    let notes = done.clone();
    let worker = work(&kernel, move |_| {
        notes.add(());
        Ok(())
    })
    .await;
    let before = count(&db, "select lock_key::bigint from workers").await;
    let killed = count(
        &db,
        "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and classid = 852017 \
         and database = (select oid from pg_database where datname = current_database())",
    )
    .await;
    assert_eq!(killed, 1);
    until("a new identity", || async {
        (count(&db, "select max(lock_key)::bigint from workers").await > before).then_some(())
    })
    .await;
    add(&kernel, org, Lane::Report, json!({})).await;
    empty(&db).await;
    assert_eq!(done.len(), 1);
    worker.drain(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_a_sign_of_life_comes_back_after_its_lease() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    add(&kernel, org, Lane::Report, json!({})).await;
    arrange(&db, "update jobs set worker = gen_random_uuid(), lease_until = now() - interval '1 second', attempts = 1")
        .await;
    let crashes: Notes<i32> = Notes::new();
    let notes = crashes.clone();
    let worker = work(&kernel, move |job| {
        notes.add(job.crashes);
        Ok(())
    })
    .await;
    empty(&db).await;
    assert_eq!(crashes.all(), [1]);
    worker.drain(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_what_runs_and_leaves_the_rest_to_others() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    add_all(&kernel, org, Lane::Inbound, (0..5_000).map(|n| (None, n))).await;
    let done: Notes<i64> = Notes::new();
    let notes = done.clone();
    let worker = work(&kernel, move |job| {
        notes.add(job.payload["n"].as_i64().expect("a number"));
        Ok(())
    })
    .await;
    until("some work", || async { (done.len() > 50).then_some(()) }).await;
    worker.drain(PATIENCE).await;
    let mut ran = done.all();
    ran.sort_unstable();
    ran.dedup();
    assert_eq!(ran.len(), done.len(), "none ran twice");
    assert_eq!(
        count(&db, "select count(*) from jobs").await as usize,
        5_000 - ran.len(),
        "what ran is gone, the rest is there"
    );
    assert_eq!(count(&db, "select count(*) from jobs where worker is not null or attempts > 0").await, 0);
    assert_eq!(count(&db, "select count(*) from workers").await, 0, "it signed off");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_retried_by_the_clock_and_archived_after_a_week() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let worker = work(&kernel, |_| Err(JobError::give_up(anyhow::anyhow!("no")))).await;
    add(&kernel, org, Lane::Report, json!({})).await;
    until("the dead letter", || async { (count(&db, "select count(*) from dead_letters").await == 1).then_some(()) })
        .await;
    worker.drain(PATIENCE).await;
    assert_eq!(retry_due_dead(&kernel.db).await.unwrap(), 0, "not yet");
    arrange(&db, "update dead_letters set died_at = now() - interval '16 minutes'").await;
    assert_eq!(retry_due_dead(&kernel.db).await.unwrap(), 1);
    let worker = work(&kernel, |_| Err(JobError::give_up(anyhow::anyhow!("no")))).await;
    until("its second death", || async { (count(&db, "select count(*) from dead_letters").await == 1).then_some(()) })
        .await;
    worker.drain(PATIENCE).await;
    assert_eq!(count(&db, "select retries::bigint from dead_letters").await, 1);

    arrange(&db, "update dead_letters set died_at = now() - interval '8 days', retries = 100").await;
    assert_eq!(retry_due_dead(&kernel.db).await.unwrap(), 0, "not for ever");
    let archive = tempfile::tempdir().unwrap();
    assert_eq!(archive_dead(&kernel.db, &kernel.clock, archive.path()).await.unwrap(), 1);
    let file = std::fs::read_dir(archive.path()).unwrap().next().unwrap().unwrap().path();
    assert!(std::fs::read_to_string(file).unwrap().contains("test.work"));
    assert_eq!(count(&db, "select count(*) from dead_letters").await, 0);
}
