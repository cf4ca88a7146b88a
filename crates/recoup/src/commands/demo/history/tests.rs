//! The history through the whole product: made once, the same for the same instant, invisible to another organisation.

use std::sync::Arc;

use ai::knowledge::Indexer;
use kernel::ids::OrgId;
use kernel::queue::{Handlers, Queue};
use kernel::testing::TestDb;
use kernel::{Clock, Kernel};

use super::super::business::{self, Business};
use super::{Counts, ensure};
use crate::rooms::Rooms;

const PEOPLE: usize = 60;

/// The demo's business on a fresh database, its knowledge read, with a history made at one fixed instant.
async fn made() -> (TestDb, Kernel, Rooms, Business, Counts) {
    let db = TestDb::new().await;
    let at = chrono::DateTime::from_timestamp(1_795_000_000, 0).expect("a valid instant");
    let kernel = db.kernel_with(Clock::manual(at), |_| {}).await;
    let business = business::ensure(&kernel, "northwind-demo").await.expect("the business is made");
    let mut handlers = Handlers::default();
    handlers.add(Arc::new(Indexer::new(&kernel, None)));
    let running = Queue::new(kernel.db.clone(), handlers).start("worker").await.expect("the queue starts");
    business::wait_for_knowledge(&kernel, business.org).await.expect("the knowledge is read");
    running.drain(std::time::Duration::from_secs(5)).await;
    let rooms = Rooms::open(&kernel).await.expect("the rooms open");
    let counts = ensure(&kernel, rooms.inbox(), &business, PEOPLE).await.expect("written").expect("it was not there");
    (db, kernel, rooms, business, counts)
}

async fn number(kernel: &Kernel, org: OrgId, query: &'static str) -> i64 {
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    sqlx::query_scalar(query).bind(org).fetch_one(tx.conn()).await.expect("counted")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_made_once_and_the_same_each_time() {
    let (_db, kernel, rooms, business, counts) = made().await;
    assert!(counts.conversations >= PEOPLE * 9 / 10 && counts.messages > counts.conversations * 2, "{counts:?}");
    let again = ensure(&kernel, rooms.inbox(), &business, PEOPLE).await.expect("looked at");
    assert_eq!(again, None, "a second start makes nothing");
    let same = business::ensure(&kernel, "northwind-demo").await.expect("found");
    assert_eq!((same.org, same.members.len(), same.channels.len()), (business.org, 3, 4));
    let messages = number(&kernel, business.org, "select count(*) from messages where org_id = $1").await;
    assert_eq!(messages, counts.messages as i64);
    let (_db2, _, _, _, other) = made().await;
    assert_eq!(other, counts, "the same instant gives the same history");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_believable_and_holds_together() {
    let (_db, kernel, _rooms, business, _) = made().await;
    let org = business.org;
    let late = "select count(*) from messages where org_id = $1 and at > to_timestamp(1795000000)";
    assert_eq!(number(&kernel, org, late).await, 0, "nothing is in the future");
    let bots =
        number(&kernel, org, "select count(*) from messages where org_id = $1 and writer = 'bot' and meaningful").await;
    assert!(bots > 20, "the bot answered {bots} times");
    let people = number(&kernel, org, "select count(*) from messages where org_id = $1 and writer = 'human'").await;
    assert!(people > 5, "people answered {people} times");
    let explained = "select count(*) from messages m where org_id = $1 and writer = 'bot' and meaningful and not exists \
        (select 1 from ai_decisions d where d.org_id = m.org_id and d.id = m.decision_id)";
    assert_eq!(number(&kernel, org, explained).await, 0, "every answer of the bot has its record");
    let hot = number(&kernel, org, "select count(*) from leads where org_id = $1 and tag <> 'COLD'").await;
    assert!(hot > 0, "somebody wants something");
    let other = OrgId::new(&kernel.clock);
    assert_eq!(number(&kernel, other, "select count(*) from conversations where $1::uuid is not null").await, 0);
}
