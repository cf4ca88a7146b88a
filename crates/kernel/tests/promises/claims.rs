//! Who claimed a job stands in its row alone: claims are cheap, and still found again.

use kernel::queue::Lane;
use kernel::testing::{TestDb, until};
use sqlx::{Connection, PgConnection};

use crate::workers::{Notes, add, add_all, arrange, count, work};

/// How many rows of the queue a connection has read so far in its transaction.
async fn read_so_far(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables where relname = 'jobs'",
    )
    .fetch_one(connection)
    .await
    .expect("a count")
}

#[tokio::test]
async fn no_index_knows_of_a_claim() {
    let db = TestDb::new().await;
    assert_eq!(count(&db, "select count(*) from pg_indexes where tablename = 'jobs'").await, 3);
    let known =
        "select count(*) from pg_indexes where tablename = 'jobs' and indexdef ~ 'worker|lease_until|attempts|crashes'";
    assert_eq!(count(&db, known).await, 0, "each claim would write it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_reads_little_of_a_long_queue_even_when_the_statistics_say_that_nobody_waits() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    add_all(&kernel, org, Lane::Crm, (0..5_000).map(|n| (None, n))).await;
    arrange(&db, "update jobs set worker = gen_random_uuid()").await;
    arrange(&db, "analyze jobs").await;
    arrange(&db, "update jobs set worker = null").await;
    let mut owner = db.owner().await;
    let mut tx = owner.begin().await.unwrap();
    sqlx::query("set local enable_seqscan = off").execute(&mut *tx).await.unwrap();
    // More often than plans are made for one call alone.
    for turn in 1..=8 {
        let before = read_so_far(&mut tx).await;
        let claimed: i64 = sqlx::query_scalar(
            "select count(*) from recoup_claim('crm', gen_random_uuid(), interval '1 minute', 10, \
               '00000000-0000-0000-0000-000000000000', 1)",
        )
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        let read = read_so_far(&mut tx).await - before;
        assert_eq!(claimed, 10);
        assert!(read < 1_500, "claim {turn} read {read} rows for ten jobs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jobs_of_who_dies_beside_a_living_worker_come_back_at_once() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    db.org(&kernel, "Northwind").await;
    let seen: Notes<(i32, i32)> = Notes::new();
    let notes = seen.clone();
    let worker = work(&kernel, move |job| {
        notes.add((job.attempt, job.crashes));
        Ok(())
    })
    .await;
    // Its first look, which is for leases too, is over.
    until("its first sign of life", || async {
        (count(&db, "select count(*) from workers where seen_at > started_at").await == 1).then_some(())
    })
    .await;
    let died = "with gone as (insert into workers (id, roles, host, started_at) \
         values (gen_random_uuid(), 'worker', 'elsewhere', now() - interval '1 minute') returning id) \
       insert into jobs (org_id, id, lane, kind, payload, attempts, worker, lease_until) \
         select o.id, gen_random_uuid(), 'report', 'test.work', '{}', 1, gone.id, now() + interval '1 minute' \
         from gone, organisations o";
    assert_eq!(arrange(&db, died).await, 1);
    until("the job's end", || async { (count(&db, "select count(*) from jobs").await == 0).then_some(()) }).await;
    assert_eq!(seen.all(), [(1, 1)], "its lease had not run out: it came back for the death");
    assert_eq!(count(&db, "select count(*) from workers").await, 1, "the dead one is struck off");
    worker.drain(std::time::Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_prolongs_what_it_claimed_and_gives_back_what_it_did_not_do() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    add(&kernel, org, Lane::Report, serde_json::json!({})).await;
    // Whoever registers holds the job already, and not for long.
    arrange(
        &db,
        "create function hold() returns trigger language plpgsql as $$ begin \
           update jobs set worker = new.id, lease_until = now() + interval '20 seconds', attempts = 1; return new; end $$",
    )
    .await;
    arrange(&db, "create trigger hold after insert on workers for each row execute function hold()").await;
    let worker = work(&kernel, |_| panic!("nobody claims what is claimed")).await;
    until("a longer lease", || async {
        (count(&db, "select count(*) from jobs where lease_until > now() + interval '40 seconds'").await == 1)
            .then_some(())
    })
    .await;
    assert_eq!(count(&db, "select count(*) from jobs j join workers w on w.id = j.worker").await, 1);
    worker.drain(std::time::Duration::from_secs(10)).await;
    let unused = "select count(*) from jobs where worker is null and lease_until is null and attempts = 0";
    assert_eq!(count(&db, unused).await, 1);
}
