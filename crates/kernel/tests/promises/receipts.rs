//! Deliveries are kept with the jobs that handle them: one for those of a commit and shard.

use kernel::Kernel;
use kernel::db::system::{NewReceipt, RECEIPTS, keep_receipts};
use kernel::ids::{ChannelId, ContactId, JobId, OrgId, ReceiptId};
use kernel::privacy::{Holder, Machine, Traces};
use kernel::queue::{Lane, NewJob};
use kernel::testing::TestDb;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::workers::{KIND, count};

/// A delivery of an event to one account.
fn receipt(kernel: &Kernel, (org, channel): (OrgId, ChannelId), event: &str, shard: u8) -> NewReceipt {
    NewReceipt {
        org,
        channel,
        id: ReceiptId::new(&kernel.clock).uuid(),
        event_key: event.to_owned(),
        shard,
        sealed: event.as_bytes().to_vec(),
        people: String::new(),
    }
}

/// Keeps deliveries in one commit; returns how many were new.
async fn keep(kernel: &Kernel, receipts: &[&NewReceipt]) -> u64 {
    keep_receipts(&kernel.db, receipts).await.expect("kept")
}

/// The jobs there are: whose, under which key, and what they are to work on.
async fn jobs(db: &TestDb) -> Vec<(Uuid, String, Value)> {
    sqlx::query_as("select org_id, key, payload from jobs where kind = $1 order by org_id, key, seq")
        .bind(RECEIPTS)
        .fetch_all(&mut db.owner().await)
        .await
        .expect("jobs")
}

fn list(receipts: &[&NewReceipt]) -> Value {
    json!({ "receipts": receipts.iter().map(|receipt| receipt.id).collect::<Vec<_>>() })
}

#[tokio::test]
async fn the_new_deliveries_of_a_commit_and_shard_are_one_job() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let page = (db.org(&kernel, "Northwind").await, ChannelId::new(&kernel.clock));
    let other = (db.org(&kernel, "Contoso").await, ChannelId::new(&kernel.clock));
    let of_page = |event: &str, shard: u8| receipt(&kernel, page, event, shard);
    // Not in the order of their keys: jobs keep the order in which they came.
    let (late, early, aside) = (of_page("z", 1), of_page("a", 1), of_page("m", 2));
    let elsewhere = receipt(&kernel, other, "a", 1);
    assert_eq!(keep(&kernel, &[&late, &elsewhere, &early, &aside]).await, 4);
    let mut expected = vec![
        (page.0.uuid(), "shard:1".to_owned(), list(&[&late, &early])),
        (page.0.uuid(), "shard:2".to_owned(), list(&[&aside])),
        (other.0.uuid(), "shard:1".to_owned(), list(&[&elsewhere])),
    ];
    expected.sort_by_key(|(org, key, _)| (*org, key.clone()));
    assert_eq!(jobs(&db).await, expected);

    // Delivered again, beside a new one.
    let (again, fresh) = (of_page("z", 1), of_page("n", 1));
    assert_eq!(keep(&kernel, &[&again, &fresh]).await, 1);
    let of_shard: Vec<Value> = jobs(&db)
        .await
        .into_iter()
        .filter(|(org, key, _)| *org == page.0.uuid() && key == "shard:1")
        .map(|(.., payload)| payload)
        .collect();
    assert_eq!(of_shard, [list(&[&late, &early]), list(&[&fresh])]);

    // Nothing but what is known: no job.
    assert_eq!(keep(&kernel, &[&of_page("z", 1), &of_page("m", 2)]).await, 0);
    assert_eq!(count(&db, "select count(*) from jobs").await, 4);
    assert_eq!(count(&db, "select count(*) from receipts").await, 5);
}

#[tokio::test]
async fn a_job_whose_id_is_taken_is_not_written() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let (known, other) = (JobId::new(&kernel.clock), JobId::new(&kernel.clock));
    let named = |id: JobId, n: i64| NewJob::new(Lane::Inbound, KIND, &json!({ "n": n })).id(id);
    for work in [vec![named(known, 1)], vec![named(known, 2), named(other, 3)]] {
        let mut tx = kernel.db.begin(org).await.expect("a transaction");
        for job in work {
            tx.enqueue(job);
        }
        tx.commit().await.expect("committed");
    }
    assert_eq!(count(&db, "select sum((payload->>'n')::int) from jobs").await, 4, "the first and the third");
}

#[tokio::test]
async fn an_erasure_leaves_the_job_of_many_deliveries_and_takes_what_an_error_said() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let contact = ContactId::new(&kernel.clock);
    let delivery = receipt(&kernel, (org, ChannelId::new(&kernel.clock)), "a", 0);
    assert_eq!(keep(&kernel, &[&delivery]).await, 1);
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    tx.enqueue(NewJob::new(Lane::Inbound, KIND, &json!({})));
    tx.commit().await.expect("committed");
    sqlx::query("update jobs set last_error = $1")
        .bind(format!("{contact} is refused"))
        .execute(&mut db.owner().await)
        .await
        .expect("arranged");

    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    Machine::new(kernel.clone()).erase(&mut tx, &Traces::of(contact), Uuid::nil()).await.expect("erased");
    tx.commit().await.expect("committed");
    assert_eq!(jobs(&db).await, [(org.uuid(), "shard:0".to_owned(), list(&[&delivery]))]);
    assert_eq!(count(&db, "select count(*) from jobs where last_error = ''").await, 1, "the other is gone");
    assert_eq!(count(&db, "select count(*) from jobs").await, 1);
}
