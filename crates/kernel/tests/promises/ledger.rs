//! Followers see every event exactly once, whatever order transactions end in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{EventId, KeyId, MemberId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Follower, Recorded, Subject, catch_up, run_followers, timeline};
use kernel::testing::{TestDb, until};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio_util::sync::CancellationToken;

use crate::workers::{Notes, arrange, count};

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

/// Reads some kinds, a few at a time.
struct Picky {
    name: &'static str,
    kinds: &'static [&'static str],
    most: i64,
    stride: Duration,
    seen: Notes<EventId>,
}

impl Picky {
    fn new(name: &'static str, kinds: &'static [&'static str]) -> Self {
        Self { name, kinds, most: 500, stride: Duration::ZERO, seen: Notes::new() }
    }
}

#[async_trait]
impl Follower for Picky {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(self.kinds)
    }

    fn stride(&self) -> Duration {
        self.stride
    }

    fn most(&self) -> i64 {
        self.most
    }

    async fn apply(&self, _: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        assert!(i64::try_from(events.len())? <= self.most, "so many at most in one transaction");
        for event in events {
            self.seen.add(event.id);
        }
        Ok(())
    }
}

fn key_created(org: OrgId) -> Event {
    Event::new(Subject::Org(org), Actor::System, Fact::KeyCreated { key: KeyId::from_uuid(org.uuid()) })
}

/// What the ledger holds of a kind, in its order.
async fn told(db: &TestDb, kind: &str) -> Vec<EventId> {
    sqlx::query_scalar("select id from events where kind = $1 order by xact_id, id")
        .bind(kind)
        .fetch_all(&mut db.owner().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn followers_of_other_kinds_each_see_theirs_once_whenever_they_begin() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let removals = Picky::new("test.removals", &["member.removed"]);
    let keys = Picky { most: 30, ..Picky::new("test.keys", &["key.created"]) };
    let late = Picky::new("test.late", &["key.created"]);
    let of_a_newer_program = Picky::new("test.newer", &["test.newer"]);
    for round in 0..100 {
        let mut tx = kernel.db.begin(org).await.unwrap();
        for number in 0..10 {
            tx.append(if number % 3 == 0 { removed(org) } else { key_created(org) });
        }
        tx.commit().await.unwrap();
        if round % 7 == 0 {
            catch_up(&kernel.db, &removals).await.unwrap();
        }
        if round % 11 == 0 {
            catch_up(&kernel.db, &keys).await.unwrap();
        }
        if round > 50 && round % 5 == 0 {
            catch_up(&kernel.db, &late).await.unwrap();
        }
    }
    let newer = "insert into events (org_id, id, at, kind, subject_kind, subject_id, actor, payload) \
                 select org_id, gen_random_uuid(), at, 'test.newer', subject_kind, subject_id, actor, '{}' from events limit 1";
    assert_eq!(arrange(&db, newer).await, 1);
    let all = [&removals, &keys, &late, &of_a_newer_program];
    until("all are read", || async {
        let mut done = true;
        for follower in all {
            catch_up(&kernel.db, follower).await.unwrap();
            done &= follower.seen.len() >= told(&db, follower.kinds[0]).await.len();
        }
        done.then_some(())
    })
    .await;
    for follower in all {
        assert_eq!(follower.seen.all(), told(&db, follower.kinds[0]).await, "{}", follower.name);
    }
    assert_eq!((removals.seen.len(), keys.seen.len(), of_a_newer_program.seen.len()), (400, 600, 1));

    // Made anew, it reads all again, while the others stay where they are.
    arrange(&db, "update followers set xact_id = '0', event_id = '00000000-0000-0000-0000-000000000000' where name = 'test.late'").await;
    assert_eq!(catch_up(&kernel.db, &late).await.unwrap(), 600);
    assert_eq!(late.seen.len(), 1_200);
    for follower in all {
        assert_eq!(catch_up(&kernel.db, follower).await.unwrap(), 0, "{}", follower.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_rests_as_long_as_it_says_after_it_applied_some() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let say = async |event: Event| {
        let mut tx = kernel.db.begin(org).await.unwrap();
        tx.append(event);
        tx.commit().await.unwrap();
    };
    let rests = Picky { stride: Duration::from_secs(3_600), ..Picky::new("test.rests", &["member.removed"]) };
    let busy = Picky::new("test.busy", &["member.removed"]);
    let (rested, seen) = (rests.seen.clone(), busy.seen.clone());
    let followers: Vec<Arc<dyn Follower>> = vec![Arc::new(rests), Arc::new(busy)];
    let stop = CancellationToken::new();
    let running = tokio::spawn(run_followers(kernel.db.clone(), followers, stop.clone()));
    say(key_created(org)).await;
    until("the fact of another kind is passed over", || async {
        (count(&db, "select count(*) from followers where name = 'test.rests' and xact_id > '0'").await == 1)
            .then_some(())
    })
    .await;
    say(removed(org)).await;
    until("the first of its kind is seen at once", || async { (rested.len() == 1).then_some(()) }).await;
    say(removed(org)).await;
    until("the other follower saw the next", || async { (seen.len() == 2).then_some(()) }).await;
    assert_eq!(rested.len(), 1, "it lets them gather");
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_goes_on_from_where_it_looked_to_and_notices_that_it_is_set_back() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let tell = async |events: Vec<Event>| {
        let mut tx = kernel.db.begin(org).await.unwrap();
        for event in events {
            tx.append(event);
        }
        tx.commit().await.unwrap();
    };
    let picky = Picky { most: 10, ..Picky::new("test.picky", &["member.removed"]) };
    let seen = picky.seen.clone();
    let stop = CancellationToken::new();
    let running = tokio::spawn(run_followers(kernel.db.clone(), vec![Arc::new(picky)], stop.clone()));
    tell(vec![removed(org)]).await;
    until("the first", || async { (seen.len() == 1).then_some(()) }).await;
    tell((0..1_000).map(|_| key_created(org)).collect()).await;
    let at_the_end = "select count(*) from followers where name = 'test.picky' and (xact_id, event_id) = \
                      (select xact_id, id from events order by xact_id desc, id desc limit 1)";
    until("its cursor behind all that it does not want", || async {
        (count(&db, at_the_end).await == 1).then_some(())
    })
    .await;
    tell(vec![removed(org)]).await;
    until("the second", || async { (seen.len() == 2).then_some(()) }).await;
    let set_back = "update followers set xact_id = '0', event_id = '00000000-0000-0000-0000-000000000000' where name = 'test.picky'";
    assert_eq!(arrange(&db, set_back).await, 1);
    until("both again", || async { (seen.len() == 4).then_some(()) }).await;
    stop.cancel();
    running.await.unwrap();
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
