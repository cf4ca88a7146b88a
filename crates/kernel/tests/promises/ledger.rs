//! Followers see every event exactly once, whatever order transactions end in.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{EventId, MemberId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Follower, Recorded, Subject, catch_up, run_followers, timeline};
use kernel::testing::{TestDb, until};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio_util::sync::CancellationToken;

use crate::workers::{Notes, count};

/// Remembers what it was given, and refuses one event for good.
struct Reader {
    seen: Notes<(OrgId, EventId)>,
    refuses: Option<EventId>,
}

#[async_trait]
impl Follower for Reader {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        anyhow::ensure!(!events.iter().any(|event| Some(event.id) == self.refuses), "a poison event");
        for event in events {
            assert_eq!(event.org, tx.org(), "applied within its own organisation");
            self.seen.add((event.org, event.id));
        }
        Ok(())
    }
}

fn removed(org: OrgId) -> Event {
    let member = MemberId::from_uuid(org.uuid());
    Event::new(Subject::Member(member), Actor::System, Fact::MemberRemoved { member })
}

async fn slow_writer(kernel: &Kernel, org: OrgId) -> (OrgTx, EventId) {
    let mut tx = kernel.db.begin(org).await.unwrap();
    // Its place in the ledger is taken now, long before it commits.
    sqlx::query("select pg_current_xact_id()").execute(tx.conn()).await.unwrap();
    let id = tx.append(removed(org));
    (tx, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_commits_in_any_order_are_neither_skipped_nor_doubled() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let orgs = [db.org(&kernel, "One").await, db.org(&kernel, "Two").await];
    let seen = Notes::new();
    let follower = Reader { seen: seen.clone(), refuses: None };
    let mut dice = StdRng::seed_from_u64(7);
    let mut written = BTreeSet::new();
    let mut open: Vec<(OrgTx, EventId)> = Vec::new();
    for _ in 0..400 {
        if open.len() < 5 && dice.random_bool(0.6) {
            open.push(slow_writer(&kernel, orgs[dice.random_range(0..2)]).await);
        } else if !open.is_empty() {
            open.shuffle(&mut dice);
            let (tx, id) = open.pop().expect("one is open");
            if dice.random_bool(0.1) {
                drop(tx);
                continue;
            }
            written.insert((tx.org(), id));
            tx.commit().await.unwrap();
        }
        if dice.random_bool(0.3) {
            catch_up(&kernel.db, &follower).await.unwrap();
        }
    }
    drop(open);
    until("the last event", || async {
        catch_up(&kernel.db, &follower).await.unwrap();
        (seen.len() >= written.len()).then_some(())
    })
    .await;
    let read: BTreeSet<_> = seen.all().into_iter().collect();
    assert_eq!(seen.len(), read.len(), "none twice");
    assert_eq!(read, written, "none skipped, none that was rolled back");
    assert!(written.len() > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_follower_while_writers_race() {
    let db = TestDb::new().await;
    let (one, other) = (db.kernel().await, db.kernel().await);
    let org = db.org(&one, "Northwind").await;
    let seen = Notes::new();
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    for kernel in [&one, &other] {
        let reader: Arc<dyn Follower> = Arc::new(Reader { seen: seen.clone(), refuses: None });
        tasks.push(tokio::spawn(run_followers(kernel.db.clone(), vec![reader], stop.clone())));
    }
    let writers = (0..6_u64).map(|writer| {
        let kernel = one.clone();
        async move {
            let mut ids = Vec::new();
            let mut dice = StdRng::seed_from_u64(writer);
            for _ in 0..40 {
                let (tx, id) = slow_writer(&kernel, org).await;
                for _ in 0..dice.random_range(0..20) {
                    tokio::task::yield_now().await;
                }
                tx.commit().await.unwrap();
                ids.push(id);
            }
            ids
        }
    });
    let written: BTreeSet<EventId> = futures_util::future::join_all(writers).await.into_iter().flatten().collect();
    until("every event", || async { (seen.len() >= written.len()).then_some(()) }).await;
    stop.cancel();
    for task in tasks {
        task.await.unwrap();
    }
    let read: Vec<EventId> = seen.all().into_iter().map(|(_, id)| id).collect();
    assert_eq!(read.len(), written.len(), "none twice");
    assert_eq!(read.into_iter().collect::<BTreeSet<_>>(), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_is_set_aside_and_the_others_go_on() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let mut tx = kernel.db.begin(org).await.unwrap();
        ids.push(tx.append(removed(org)));
        tx.commit().await.unwrap();
    }
    let seen = Notes::new();
    let reader: Arc<dyn Follower> = Arc::new(Reader { seen: seen.clone(), refuses: Some(ids[2]) });
    let stop = CancellationToken::new();
    let running = tokio::spawn(run_followers(kernel.db.clone(), vec![reader], stop.clone()));
    until("the events behind it", || async { (seen.len() == 4).then_some(()) }).await;
    stop.cancel();
    running.await.unwrap();
    let read: Vec<EventId> = seen.all().into_iter().map(|(_, id)| id).collect();
    assert_eq!(read, [ids[0], ids[1], ids[3], ids[4]]);
    assert_eq!(
        count(
            &db,
            "select count(*) from dead_letters where lane = 'follower' and kind = 'test' and error like '%poison%'"
        )
        .await,
        1
    );
}

#[tokio::test]
async fn an_event_and_its_change_land_together_and_only_their_organisation_reads_them() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let (org, other) = (db.org(&kernel, "One").await, db.org(&kernel, "Two").await);
    let subject = Subject::Member(MemberId::from_uuid(org.uuid()));
    let mut dropped = kernel.db.begin(org).await.unwrap();
    dropped.append(removed(org));
    drop(dropped);
    let mut tx = kernel.db.begin(org).await.unwrap();
    let first = tx.append(removed(org));
    let second = tx.append(removed(org).caused_by(first));
    tx.commit().await.unwrap();
    let mut tx = kernel.db.begin(org).await.unwrap();
    let told = timeline(&mut tx, subject, 10, None).await.unwrap();
    assert_eq!(
        told.iter().map(|event| (event.id, event.cause)).collect::<Vec<_>>(),
        [(second, Some(first)), (first, None)]
    );
    let mut tx = kernel.db.begin(other).await.unwrap();
    assert!(timeline(&mut tx, subject, 10, None).await.unwrap().is_empty());
    let refused = sqlx::query("update events set kind = 'another'").execute(tx.conn()).await;
    assert!(refused.is_err(), "the ledger is append-only");
}
