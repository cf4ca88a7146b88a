//! Followers: views kept from the ledger. A follower's cursor commits with its work, so each event is applied once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Recorded;
use super::read::{self, Cursor};
use crate::db::{Db, OrgTx};
use crate::ids::OrgId;

/// How many events a follower usually looks at in one transaction.
const BATCH: i64 = 500;
/// How often one event may fail before it is set aside in the dead letters (lane `follower`).
const PATIENCE: i32 = 8;
/// How long a follower usually lets events gather after it applied some.
const STRIDE: Duration = Duration::from_millis(100);
/// How long a cursor may lie before facts that its follower does not want.
const LAZY: Duration = Duration::from_millis(500);

/// A view made from events.
#[async_trait]
pub trait Follower: Send + Sync + 'static {
    /// Its name in the table of cursors; changing it starts it anew.
    fn name(&self) -> &'static str;

    /// The kinds of fact it is made from; `None` for all. Events of other kinds move its cursor unread.
    fn kinds(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// How long it lets events gather after it applied some. What is made anew as a whole lets them gather longer.
    fn stride(&self) -> Duration {
        STRIDE
    }

    /// How many events it looks at in one transaction.
    fn most(&self) -> i64 {
        BATCH
    }

    /// Applies events of one organisation, in the ledger's order, within the transaction that moves the cursor.
    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()>;
}

/// Runs each follower until the token ends, in a task of its own, so that the wake-up of one is none of the others; with several
/// processes one of them works at a time.
pub async fn run_followers(db: Db, followers: Vec<Arc<dyn Follower>>, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    for follower in followers {
        tasks.spawn(run_one(db.clone(), follower, stop.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        match ended.map_err(JoinError::try_into_panic) {
            Ok(()) | Err(Err(_)) => {}
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

async fn run_one(db: Db, follower: Arc<dyn Follower>, stop: CancellationToken) {
    let mut news = db.signals().ledger_watch();
    let mut ahead = None;
    while !stop.is_cancelled() {
        match go_on(&db, follower.as_ref(), &mut ahead).await {
            Ok(Step::Applied { full: true, .. }) => continue,
            // Events of other kinds only moved its cursor.
            Ok(Step::Applied { count: 0, .. }) => rest(&stop, STRIDE).await,
            Ok(Step::Applied { .. }) => rest(&stop, follower.stride()).await,
            Ok(Step::Idle) => {}
            Err(error) => {
                tracing::warn!(
                    follower = follower.name(),
                    error = format!("{error:#}"),
                    "a follower failed; trying event by event"
                );
                recover(&db, follower.as_ref(), &error).await;
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            changed = news.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
        }
    }
}

/// How far a follower looked without finding a fact of its kinds, beyond its stored cursor.
struct Ahead {
    stored: Cursor,
    stored_at: Instant,
    looked_to: Cursor,
}

/// A step, or only a look where the last step found none of the follower's kinds: most kinds come seldom, and a cursor before
/// facts that nobody wants need not be moved at every commit.
async fn go_on(db: &Db, follower: &dyn Follower, ahead: &mut Option<Ahead>) -> anyhow::Result<Step> {
    if let Some(Ahead { stored_at, looked_to, .. }) = ahead
        && stored_at.elapsed() < LAZY
    {
        let page = db.recent().after(db.system_pool(), looked_to, follower.most(), follower.kinds()).await?;
        if page.empty {
            return Ok(Step::Idle);
        }
        if page.events.is_empty() {
            *looked_to = page.next.clone();
            return Ok(Step::Applied { count: 0, full: page.full, next: page.next });
        }
    }
    let step = step(db, follower, follower.most(), ahead.take()).await?;
    if let Step::Applied { count: 0, next, .. } = &step {
        *ahead = Some(Ahead { stored: next.clone(), stored_at: Instant::now(), looked_to: next.clone() });
    }
    Ok(step)
}

/// While the ledger is busy a follower looks at it in strides, not at every commit.
async fn rest(stop: &CancellationToken, stride: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(stride) => {}
    }
}

enum Step {
    /// Nothing new, or another process is at it.
    Idle,
    /// So many events were applied, up to a place; `full` when there is probably more.
    Applied { count: usize, full: bool, next: Cursor },
}

/// Applies every event committed so far: for tests and `rebuild`. Returns how many.
pub async fn catch_up(db: &Db, follower: &dyn Follower) -> anyhow::Result<usize> {
    let mut total = 0;
    while let Step::Applied { count, .. } = step(db, follower, follower.most(), None).await? {
        total += count;
    }
    Ok(total)
}

/// Applies the next facts behind the stored cursor, or behind how far was looked since it was stored.
async fn step(db: &Db, follower: &dyn Follower, limit: i64, ahead: Option<Ahead>) -> anyhow::Result<Step> {
    let mut tx = db.begin_again_by_key(OrgId::from_uuid(Uuid::nil())).await?;
    let Some(stored) = lock_cursor(&mut tx, follower.name()).await? else { return Ok(Step::Idle) };
    // Another process may have gone further, and whoever makes a view anew sets it back.
    let cursor = ahead.filter(|ahead| ahead.stored == stored).map_or_else(|| stored.clone(), |ahead| ahead.looked_to);
    let page = db.recent().after(db.system_pool(), &cursor, limit, follower.kinds()).await?;
    if page.empty && cursor == stored {
        return Ok(Step::Idle);
    }
    let count = page.events.len();
    for (org, events) in by_org(page.events) {
        tx.switch_org(org).await?;
        follower.apply(&mut tx, &events).await?;
    }
    move_cursor(&mut tx, follower.name(), &page.next).await?;
    tx.commit().await?;
    Ok(Step::Applied { count, full: page.full, next: page.next })
}

/// After a failure: event by event, so that one bad event does not hold the others; it is set aside when it keeps failing.
async fn recover(db: &Db, follower: &dyn Follower, error: &anyhow::Error) {
    let result = async {
        while let Ok(Step::Applied { .. }) = step(db, follower, 1, None).await {}
        let failures = count_failure(db, follower.name(), &format!("{error:#}")).await?;
        if failures >= PATIENCE {
            set_aside(db, follower.name(), error).await?;
        }
        anyhow::Ok(())
    }
    .await;
    if let Err(error) = result {
        tracing::warn!(follower = follower.name(), error = format!("{error:#}"), "a follower waits for the database");
    }
}

async fn set_aside(db: &Db, name: &'static str, error: &anyhow::Error) -> anyhow::Result<()> {
    let mut tx = db.begin(OrgId::from_uuid(Uuid::nil())).await?;
    let Some(cursor) = lock_cursor(&mut tx, name).await? else { return Ok(()) };
    let page = read::after(db.system_pool(), &cursor, 1, None).await?;
    let Some(event) = page.events.first() else { return Ok(()) };
    tx.switch_org(event.org).await?;
    sqlx::query(
        "insert into dead_letters (org_id, id, lane, kind, payload, attempts, crashes, error, enqueued_at) \
         values ($1, $2, 'follower', $3, $4, $5, 0, $6, $7) on conflict do nothing",
    )
    .bind(event.org)
    .bind(event.id)
    .bind(name)
    .bind(serde_json::json!({ "event": event.id }))
    .bind(PATIENCE)
    .bind(format!("{error:#}"))
    .bind(event.at)
    .execute(tx.conn())
    .await?;
    move_cursor(&mut tx, name, &page.next).await?;
    tx.commit().await?;
    tracing::error!(follower = name, event.id = %event.id, "an event was set aside in the dead letters");
    Ok(())
}

async fn count_failure(db: &Db, name: &str, error: &str) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar(
        "update followers set failures = failures + 1, last_error = $2 where name = $1 returning failures",
    )
    .bind(name)
    .bind(error)
    .fetch_one(db.app_pool())
    .await
}

/// Locks the follower's row, making it on first use; `None` when another process holds it.
async fn lock_cursor(tx: &mut OrgTx, name: &str) -> Result<Option<Cursor>, sqlx::Error> {
    let select = "select xact_id::text, event_id from followers where name = $1 for update skip locked";
    let found: Option<(String, Uuid)> = sqlx::query_as(select).bind(name).fetch_optional(tx.conn()).await?;
    if found.is_some() {
        return Ok(found.map(|(xact, event)| Cursor { xact, event }));
    }
    sqlx::query("insert into followers (name) values ($1) on conflict do nothing")
        .bind(name)
        .execute(tx.conn())
        .await?;
    let found: Option<(String, Uuid)> = sqlx::query_as(select).bind(name).fetch_optional(tx.conn()).await?;
    Ok(found.map(|(xact, event)| Cursor { xact, event }))
}

async fn move_cursor(tx: &mut OrgTx, name: &str, to: &Cursor) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update followers set xact_id = $2::xid8, event_id = $3, updated_at = now(), failures = 0, last_error = null where name = $1",
    )
    .bind(name)
    .bind(&to.xact)
    .bind(to.event)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Groups events by organisation, keeping the ledger's order within each.
fn by_org(events: Vec<Recorded>) -> Vec<(OrgId, Vec<Recorded>)> {
    let mut groups: Vec<(OrgId, Vec<Recorded>)> = Vec::new();
    let mut places: HashMap<OrgId, usize> = HashMap::new();
    for event in events {
        let place = *places.entry(event.org).or_insert_with(|| {
            groups.push((event.org, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(event);
    }
    groups
}
