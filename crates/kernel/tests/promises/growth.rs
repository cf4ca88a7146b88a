//! The planner hears of tables that grow fast, and followers read only what they are made from.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::db::{Growth, OrgTx};
use kernel::ids::{EventId, KeyId, MemberId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Follower, Recorded, Subject, catch_up};
use kernel::queue::{Lane, NewJob};
use kernel::schedule::Reconciler;
use kernel::testing::TestDb;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::workers::Notes;

/// The rows that the planner believes a table has.
async fn believed(url: &str, table: &str) -> f32 {
    let mut owner = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("select reltuples from pg_class where relname = $1")
        .bind(table)
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_table_that_grew_is_counted_anew() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "One").await;
    let mut tx = kernel.db.begin(org).await.unwrap();
    for number in 0..2_000 {
        tx.enqueue(NewJob::new(Lane::Report, "test", &json!({ "number": number })));
    }
    tx.commit().await.unwrap();
    assert!(believed(db.url(), "jobs").await < 1_000.0);
    Growth(kernel.db.clone()).run().await.unwrap();
    assert!(believed(db.url(), "jobs").await > 1_900.0);
}

/// Reads removed members only.
struct Removals(Notes<EventId>);

#[async_trait]
impl Follower for Removals {
    fn name(&self) -> &'static str {
        "test.removals"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["member.removed"])
    }

    async fn apply(&self, _: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        for event in events {
            self.0.add(event.id);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_follower_reads_its_kinds_and_passes_over_the_others() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org: OrgId = db.org(&kernel, "One").await;
    let mut wanted = Vec::new();
    for number in 0..1_200_u128 {
        let mut tx = kernel.db.begin(org).await.unwrap();
        let member = MemberId::from_uuid(uuid::Uuid::from_u128(number));
        if number % 400 == 7 {
            wanted.push(tx.append(Event::new(Subject::Member(member), Actor::System, Fact::MemberRemoved { member })));
        }
        let key = KeyId::from_uuid(uuid::Uuid::from_u128(number));
        tx.append(Event::new(Subject::Org(org), Actor::System, Fact::KeyCreated { key }));
        tx.commit().await.unwrap();
    }
    let seen = Notes::new();
    let follower = Arc::new(Removals(seen.clone()));
    // A follower reads below the oldest running transaction of the whole cluster, and other tests have theirs.
    kernel::testing::until("all are read", || async {
        catch_up(&kernel.db, follower.as_ref()).await.unwrap();
        (seen.all().len() == wanted.len()).then_some(())
    })
    .await;
    assert_eq!(seen.all(), wanted);
    assert_eq!(catch_up(&kernel.db, follower.as_ref()).await.unwrap(), 0, "the others do not come back");
}
