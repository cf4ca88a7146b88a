//! What the room does by the clock: schedules that are due, and reports that are old.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use kernel::CanFail;
use kernel::db::{OrgTx, system};
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use kernel::schedule::Reconciler;

use crate::core::Core;
use crate::make;
use crate::period::Period;
use crate::render::Format;
use crate::store::reports::{NewReport, ReportKind};
use crate::store::schedules::ScheduleRow;
use crate::store::{deliveries, designs, reports, schedules};

/// More than these of one organisation are made with the next run.
const MOST: i64 = 50;
/// The days a performance report covers.
pub(crate) const PERFORMANCE_DAYS: u64 = 28;
/// How long reports and what became of them are kept.
const KEPT: TimeDelta = TimeDelta::days(400);
/// Old rows of one organisation removed with one run.
const MOST_REMOVED: i64 = 500;

/// Has reports made that are due.
pub(crate) struct Due(pub Core);

#[async_trait]
impl Reconciler for Due {
    fn name(&self) -> &'static str {
        "reports.schedules"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.0.kernel.db).await? {
            due(&self.0, org).await.can_fail("making an organisation's reports that are due; the next run tries again");
        }
        Ok(())
    }
}

/// Every schedule of an organisation that is due, in one transaction with what follows from it.
async fn due(core: &Core, org: OrgId) -> anyhow::Result<()> {
    let now = core.kernel.clock.now();
    let mut tx = core.kernel.db.begin(org).await?;
    let rows = schedules::due(&mut tx, now, MOST).await?;
    if rows.is_empty() {
        return Ok(());
    }
    for row in rows {
        let timing = row.timing();
        // Days that were missed are caught up with once, by the latest of them.
        if let Some(day) = timing.last_day(now) {
            make_one(&mut tx, &row, day).await?;
        }
        let next = timing.next(now).unwrap_or(now + TimeDelta::days(1));
        schedules::next(&mut tx, row.id, next).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A schedule's report of a day with its deliveries, unless it was made already.
async fn make_one(tx: &mut OrgTx, row: &ScheduleRow, day: chrono::NaiveDate) -> anyhow::Result<()> {
    if schedules::ran(tx, row.id, day).await? {
        return Ok(());
    }
    let kind: ReportKind = row.kind.parse().unwrap_or(ReportKind::Briefing);
    let design = match row.design_id {
        Some(id) => designs::find(tx, id).await?,
        None => None,
    };
    let period = design.as_ref().map_or_else(
        || Period::ending(day - chrono::Days::new(1), PERFORMANCE_DAYS),
        |design| design.design.period(day),
    );
    let title = design.as_ref().map_or_else(|| kind.label().to_owned(), |design| design.name.clone());
    let new = NewReport {
        kind,
        title,
        design: design.map(|design| design.design.0),
        format: row.formats().first().copied().unwrap_or(Format::Pdf),
        days: if kind == ReportKind::Briefing { (day, day) } else { (period.from, period.to) },
        day,
        place: row.location_id,
        schedule: Some(row.id),
        by: Actor::System,
    };
    let report = make::ask(tx, new).await?;
    schedules::run(tx, row.id, day, report).await?;
    deliveries::insert(tx, row.id, (report, day), &row.recipients).await?;
    Ok(())
}

/// Removes reports that are old.
pub(crate) struct Old(pub Core);

#[async_trait]
impl Reconciler for Old {
    fn name(&self) -> &'static str {
        "reports.old"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(3_600)
    }

    async fn run(&self) -> anyhow::Result<()> {
        let kernel = &self.0.kernel;
        let before = kernel.clock.now() - KEPT;
        for (org, _) in system::list_organisations(&kernel.db).await? {
            let mut tx = kernel.db.begin(org).await?;
            let removed = reports::expire(&mut tx, before, MOST_REMOVED).await?
                + deliveries::expire(&mut tx, before, MOST_REMOVED).await?;
            if removed > 0 {
                tx.commit().await?;
            }
        }
        Ok(())
    }
}
