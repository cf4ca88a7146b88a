//! 90 days lived through by a clock that walks: each day its signals land, journeys are folded, plays enrol, the watch looks and
//! the scores are stored, by the same code and in the same order as on any other day.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Days, Duration, Utc};
use connectors::signal::Signal;
use kernel::db::OrgTx;
use kernel::ids::OrgId;
use kernel::ledger::{Follower, catch_up};
use kernel::schedule::Reconciler;
use kernel::{Clock, Kernel};
use recoup::reach::Reach;
use revenue::anomalies::Watch;
use revenue::plays::{Enrol, refresh};
use revenue::scores::ScoreClock;
use revenue::settings::{Place, Rules};
use revenue::signals::{MOST, land, signal_id};
use uuid::Uuid;

use super::lead::{CALLS, Missed};
use super::spots::{SPOTS, dead_days};
use super::tell::{self, Day};

/// The seed of the story.
const SEED: u64 = 11;
/// The watch looks at so many of the last days.
const WATCHED: usize = 21;

/// How much was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Signals that landed.
    pub signals: usize,
    /// Leads that met a play.
    pub enrolled: usize,
    /// Days out of the ordinary.
    pub anomalies: usize,
}

/// The story that is still to happen, in order, and the missed calls that wait for a play.
struct Ahead {
    signals: BTreeMap<(DateTime<Utc>, usize), Signal>,
    missed: HashMap<Uuid, Missed>,
    next: usize,
}

impl Ahead {
    fn add(&mut self, signals: Vec<Signal>) {
        for signal in signals {
            self.signals.insert((signal.at, self.next), signal);
            self.next += 1;
        }
    }

    /// Takes what happens up to an instant.
    fn up_to(&mut self, now: DateTime<Utc>) -> Vec<Signal> {
        let later = self.signals.split_off(&(now + Duration::microseconds(1), 0));
        std::mem::replace(&mut self.signals, later).into_values().collect()
    }
}

/// Lives through so many days up to now, today included. `url` is of the database that `kernel` is over, in which nobody else
/// works meanwhile.
pub async fn through(kernel: &Kernel, url: &str, org: OrgId, days: usize) -> anyhow::Result<Counts> {
    let now = kernel.clock.now();
    let begin = now - Duration::days(days as i64 - 1);
    let walker = Kernel::open((*kernel.config).clone(), url, Clock::manual(begin)).await?;
    let counts = live(&walker, org, days, now).await;
    walker.db.close().await;
    counts
}

async fn live(kernel: &Kernel, org: OrgId, days: usize, now: DateTime<Utc>) -> anyhow::Result<Counts> {
    let vault = kernel.vault.of(org).await?;
    let (mut counts, mut clock) = (Counts::default(), kernel.clock.now());
    let mut ahead = story(kernel, org, days, now).await?;
    let enrol = Enrol::new(kernel.clone(), Arc::new(Reach));
    let (watch, scores) = (Watch::new(kernel.clone()), ScoreClock::new(kernel));
    for day in 0..days {
        kernel.clock.set(clock);
        let mut due = ahead.up_to(clock);
        counts.signals += due.len();
        while !due.is_empty() {
            let rest = due.split_off(due.len().min(MOST));
            let mut tx = kernel.db.begin(org).await?;
            let landed = land(&mut tx, &vault, std::mem::replace(&mut due, rest)).await?;
            tx.commit().await?;
            anyhow::ensure!(landed.rejected.is_empty(), "the story tells what cannot be: {:?}", landed.rejected);
        }
        folded(kernel, org).await?;
        if enrol.run_for(org).await? > 0 {
            let mut tx = kernel.db.begin(org).await?;
            let arms = acted(&mut tx, clock).await?;
            tx.commit().await?;
            counts.enrolled += arms.len();
            for (lead, treated) in arms {
                let Some(missed) = ahead.missed.remove(&lead) else { continue };
                ahead.add(if treated { missed.written_to } else { missed.left_alone });
            }
        }
        if day % 3 == 2 || day + 1 == days {
            let mut tx = kernel.db.begin(org).await?;
            refresh(&mut tx, clock).await?;
            tx.commit().await?;
        }
        if day + WATCHED >= days {
            counts.anomalies += watch.run_for(org).await?.len();
        }
        scores.run().await?;
        clock += Duration::days(1);
    }
    Ok(counts)
}

/// Everything that the days bring, but for what plays change.
async fn story(kernel: &Kernel, org: OrgId, days: usize, now: DateTime<Utc>) -> anyhow::Result<Ahead> {
    let mut tx = kernel.db.begin(org).await?;
    let rules = Rules::load(&mut tx).await?;
    let places: HashMap<String, Uuid> =
        revenue::read::locations(&mut tx).await?.into_iter().map(|place| (place.name, place.id.uuid())).collect();
    drop(tx);
    let mut ahead = Ahead { signals: BTreeMap::new(), missed: HashMap::new(), next: 0 };
    for (which, spot) in SPOTS.iter().enumerate() {
        let place: &Place = rules.of(places.get(spot.name).copied());
        let (first, today) = (place.day(kernel.clock.now()), place.day(now));
        let dead = dead_days(today);
        for number in 0..=days {
            let date = first + Days::new(number as u64);
            if date > today {
                break;
            }
            let told = tell::day(SEED, which, place, Day { number, date, dead_line: dead.contains(&date) });
            ahead.add(told.signals);
            ahead.missed.extend(told.missed.into_iter().map(|missed| (signal_id(CALLS, &missed.external_id), missed)));
        }
    }
    Ok(ahead)
}

/// Marks the messages of leads that were enrolled now as sent soon after what set the play off, and says who was written to.
async fn acted(tx: &mut OrgTx, now: DateTime<Utc>) -> Result<Vec<(Uuid, bool)>, sqlx::Error> {
    sqlx::query_as(
        "update play_enrolments set enrolled_at = least(triggered_at + interval '2 minutes', $2), \
           action = case when arm = 'held' then 'none' else 'message' end, \
           acted_at = case when arm = 'held' then null else least(triggered_at + interval '2 minutes', $2) end \
         where org_id = $1 and enrolled_at = $2 returning lead, arm <> 'held'",
    )
    .bind(tx.org())
    .bind(now)
    .fetch_all(tx.conn())
    .await
}

/// Folds what landed. A commit a moment ago may still be above the oldest transaction of the cluster, and is waited for.
async fn folded(kernel: &Kernel, org: OrgId) -> anyhow::Result<()> {
    for _ in 0..500 {
        catch_up(&kernel.db, &revenue::journeys::Journeys).await?;
        if !waits(kernel, org).await? {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    anyhow::bail!("signals of the demo wait to be folded and nobody does it")
}

/// Whether signals wait to be folded.
async fn waits(kernel: &Kernel, org: OrgId) -> Result<bool, sqlx::Error> {
    let mut tx = kernel.db.begin(org).await?;
    sqlx::query_scalar("select exists (select 1 from signal_batches where org_id = $1)")
        .bind(org)
        .fetch_one(tx.conn())
        .await
}

/// Has what the conversations told folded, while the workers run: large batches are jobs of theirs.
pub async fn catch_up_with(kernel: &Kernel, followers: &[Arc<dyn Follower>], org: OrgId) -> anyhow::Result<()> {
    let needed = ["revenue.native", "revenue.journeys"];
    let mut quiet = 0;
    for _ in 0..3_000 {
        let mut applied = 0;
        for follower in followers.iter().filter(|follower| needed.contains(&follower.name())) {
            applied += catch_up(&kernel.db, follower.as_ref()).await?;
        }
        // Twice in a row nothing: what was committed before is below the oldest transaction by then.
        quiet = if applied == 0 && !waits(kernel, org).await? { quiet + 1 } else { 0 };
        if quiet == 2 {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    anyhow::bail!("the conversations of the demo wait to be folded and nobody does it")
}
