//! Keeping the stored scores of today: after what the views were told, and by the clock, because leaks fall due by themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::{OrgTx, system};
use kernel::ledger::{Actor, Event, Fact, Follower, Recorded, Subject};
use kernel::schedule::Reconciler;
use uuid::Uuid;

use super::{all_places, store};
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

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let mut touched = BTreeSet::new();
        for event in events {
            if let Fact::SignalsFolded { places } = &event.fact {
                touched.extend(places.iter().copied());
            }
        }
        refresh(tx, touched).await
    }
}

/// Calculates the scores of places and of the whole as of now, stores them under today, and says so.
pub(crate) async fn refresh(tx: &mut OrgTx, mut places: BTreeSet<Uuid>) -> anyhow::Result<()> {
    if places.is_empty() {
        return Ok(());
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
    Ok(())
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
            let places: Vec<Uuid> = sqlx::query_scalar("select id from locations where org_id = $1")
                .bind(org)
                .fetch_all(tx.conn())
                .await?;
            refresh(&mut tx, places.into_iter().chain([Uuid::nil()]).collect()).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
