//! Keeping the stored scores of today: after what the views were told, and by the clock, because leaks fall due by themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{Days, NaiveDate, TimeDelta};
use kernel::Kernel;
use kernel::db::{OrgTx, system};
use kernel::ledger::{Actor, Event, Fact, Follower, Recorded, Subject};
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use kernel::schedule::Reconciler;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Score, all_places, store};
use crate::settings::Rules;

/// The follower: what gathered since its last look is calculated once.
pub struct Refresher;

#[async_trait]
impl Follower for Refresher {
    fn name(&self) -> &'static str {
        "revenue.scores"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["signals.folded"])
    }

    /// Every place is calculated anew, whatever was folded: once a second is soon enough for whoever looks.
    fn stride(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn most(&self) -> i64 {
        4_000
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let mut touched = BTreeSet::new();
        for event in events {
            if let Fact::SignalsFolded { places } = &event.fact {
                touched.extend(places.iter().copied());
            }
        }
        refresh(tx, touched).await?;
        Ok(())
    }
}

/// Calculates the scores of places and of the whole as of now, stores them under today, and says so. Gives them by place; none
/// where no place is named.
pub(crate) async fn refresh(tx: &mut OrgTx, mut places: BTreeSet<Uuid>) -> anyhow::Result<Vec<(Uuid, Vec<Score>)>> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    places.insert(Uuid::nil());
    let places: Vec<Uuid> = places.into_iter().collect();
    let rules = Rules::load(tx).await?;
    let now = tx.clock().now();
    let day = rules.whole.day(now);
    let scores = all_places(tx, &rules, now, &places).await?;
    store::write(tx, day, &scores).await?;
    let org = tx.org();
    tx.append(Event::new(Subject::Org(org), Actor::System, Fact::ScoresChanged { places }));
    Ok(scores)
}

/// The clock: every organisation that has journeys, every place of it.
pub struct ScoreClock {
    kernel: Kernel,
}

impl ScoreClock {
    /// Over a kernel.
    pub fn new(kernel: &Kernel) -> Self {
        Self { kernel: kernel.clone() }
    }
}

#[async_trait]
impl Reconciler for ScoreClock {
    fn name(&self) -> &'static str {
        "revenue.score_clock"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(900)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.kernel.db).await? {
            let mut tx = self.kernel.db.begin(org).await?;
            let any: bool = sqlx::query_scalar("select exists (select 1 from daily_metrics where org_id = $1)")
                .bind(org)
                .fetch_one(tx.conn())
                .await?;
            if !any {
                continue;
            }
            let places: Vec<Uuid> =
                sqlx::query_scalar("select id from locations where org_id = $1").bind(org).fetch_all(tx.conn()).await?;
            refresh(&mut tx, places.into_iter().chain([Uuid::nil()]).collect()).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// So far back the stored scores of past days follow what is told late.
const HISTORY_DAYS: u64 = 92;

#[derive(Serialize, Deserialize)]
struct Since {
    from: NaiveDate,
}

/// Has the stored scores of past days made anew from a day on, after a while in which more may come; today is kept without it.
pub(crate) async fn past_later(tx: &mut OrgTx, from: NaiveDate, soon: bool) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    let today = Rules::load(tx).await?.whole.day(now);
    let from = from.max(today - Days::new(HISTORY_DAYS));
    if from >= today {
        return Ok(());
    }
    // One job that waits is enough: it goes back as far as anybody asked.
    let waits = sqlx::query(
        "update jobs set payload = jsonb_build_object('from', least((payload->>'from')::date, $3)) \
         where org_id = $1 and kind = $2 and lane = $4 and worker is null",
    )
    .bind(tx.org())
    .bind(HistoryJob::KIND)
    .bind(from)
    .bind(Lane::Maintenance.name())
    .execute(tx.conn())
    .await?;
    if waits.rows_affected() == 0 {
        let wait = if soon { TimeDelta::seconds(5) } else { TimeDelta::minutes(10) };
        let org = tx.org();
        tx.enqueue(
            NewJob::new(Lane::Maintenance, HistoryJob::KIND, &Since { from })
                .key(format!("history:{org}"))
                .at(now + wait),
        );
    }
    Ok(())
}

/// Stores the scores of past days as they stood at the end of each.
pub struct HistoryJob {
    kernel: Kernel,
}

impl HistoryJob {
    const KIND: &'static str = "revenue.history";

    /// Over a kernel.
    pub fn new(kernel: &Kernel) -> Self {
        Self { kernel: kernel.clone() }
    }
}

#[async_trait]
impl Handler for HistoryJob {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Since { from } = job.parse()?;
        let mut day = from;
        // Each day is a transaction of its own, so that none lasts.
        loop {
            let mut tx = self.kernel.db.begin(job.org).await?;
            let rules = Rules::load(&mut tx).await?;
            if day >= rules.whole.day(self.kernel.clock.now()) {
                tx.finish(job);
                return Ok(tx.commit().await?);
            }
            let next = day + Days::new(1);
            let end = rules.whole.instant(next, 0) - TimeDelta::microseconds(1);
            let places: Vec<Uuid> = rules.places.keys().copied().chain([Uuid::nil()]).collect();
            let scores = all_places(&mut tx, &rules, end, &places).await?;
            store::write(&mut tx, day, &scores).await?;
            tx.commit().await?;
            day = next;
        }
    }
}
