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

/// Days that are lived through, today included.
pub const DAYS: usize = 90;
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

/// Lives through the days up to now. `url` is of the database that `kernel` is over, in which nobody else works meanwhile.
pub async fn through(kernel: &Kernel, url: &str, org: OrgId) -> anyhow::Result<Counts> {
    let now = kernel.clock.now();
    let begin = now - Duration::days(DAYS as i64 - 1);
    let walker = Kernel::open((*kernel.config).clone(), url, Clock::manual(begin)).await?;
    let counts = days(&walker, org, now, begin).await;
    walker.db.close().await;
    counts
}

async fn days(kernel: &Kernel, org: OrgId, now: DateTime<Utc>, begin: DateTime<Utc>) -> anyhow::Result<Counts> {
    let vault = kernel.vault.of(org).await?;
    let mut ahead = story(kernel, org, now, begin).await?;
    let (mut counts, mut clock) = (Counts::default(), begin);
    let enrol = Enrol::new(kernel.clone(), Arc::new(Reach));
    let (watch, scores) = (Watch::new(kernel.clone()), ScoreClock::new(kernel));
    for day in 0..DAYS {
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
        catch_up(&kernel.db, &revenue::journeys::Journeys).await?;
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
        if day % 3 == 2 || day + 1 == DAYS {
            let mut tx = kernel.db.begin(org).await?;
            refresh(&mut tx, clock).await?;
            tx.commit().await?;
        }
        if day + WATCHED >= DAYS {
            counts.anomalies += watch.run_for(org).await?.len();
        }
        scores.run().await?;
        clock += Duration::days(1);
    }
    Ok(counts)
}

/// Everything that the days bring, but for what plays change.
async fn story(kernel: &Kernel, org: OrgId, now: DateTime<Utc>, begin: DateTime<Utc>) -> anyhow::Result<Ahead> {
    let mut tx = kernel.db.begin(org).await?;
    let rules = Rules::load(&mut tx).await?;
    let places: HashMap<String, Uuid> =
        revenue::read::locations(&mut tx).await?.into_iter().map(|place| (place.name, place.id.uuid())).collect();
    drop(tx);
    let mut ahead = Ahead { signals: BTreeMap::new(), missed: HashMap::new(), next: 0 };
    for (which, spot) in SPOTS.iter().enumerate() {
        let place: &Place = rules.of(places.get(spot.name).copied());
        let (first, today) = (place.day(begin), place.day(now));
        let dead = dead_days(today);
        for number in 0..=DAYS {
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

/// The views that the walk needs of what is told before it, by their names.
pub fn needed(follower: &Arc<dyn Follower>) -> bool {
    matches!(follower.name(), "revenue.native" | "revenue.journeys")
}
