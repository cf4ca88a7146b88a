//! Making a report, in the background: figures are asked for once and kept as a sheet; files are made from it whenever one is read.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::{OrgId, ReportId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};

use crate::briefing::briefing;
use crate::core::Core;
use crate::custom::custom;
use crate::deliver::{self, Deliver};
use crate::figures::Figures;
use crate::performance::performance;
use crate::period::Period;
use crate::render::Format;
use crate::sheet::Sheet;
use crate::store::reports::{NewReport, ReportKind, ReportRow};
use crate::store::{deliveries, reports, schedules};

/// The kind of the jobs.
const KIND: &str = "reports.make";

/// Which report to make.
#[derive(Debug, Serialize, Deserialize)]
struct MakeJob {
    report: ReportId,
}

/// Writes a report down with the job that makes it.
pub(crate) async fn ask(tx: &mut OrgTx, new: NewReport) -> Result<ReportId, sqlx::Error> {
    let report = reports::insert(tx, new).await?;
    tx.enqueue(NewJob::new(Lane::Report, KIND, &MakeJob { report }));
    Ok(report)
}

/// What a report holds now.
pub(crate) async fn content(tx: &mut OrgTx, figures: &dyn Figures, row: &ReportRow) -> anyhow::Result<Sheet> {
    let period = Period { from: row.from_day, to: row.to_day };
    match (row.kind(), &row.design) {
        (ReportKind::Custom, Some(design)) => custom(tx, figures, &row.title, &design.0, (row.day, period)).await,
        (ReportKind::Custom, None) => anyhow::bail!("a custom report without a design"),
        (ReportKind::Briefing, _) => briefing(tx, figures, row.day, row.location_id).await,
        (ReportKind::Performance, _) => performance(tx, figures, row.location_id, (row.day, period)).await,
    }
}

/// Makes reports.
pub(crate) struct Make {
    core: Core,
}

impl Make {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn make(&self, org: OrgId, id: ReportId) -> anyhow::Result<()> {
        let kernel = &self.core.kernel;
        let mut tx = kernel.db.begin(org).await?;
        let Some(row) = reports::find(&mut tx, id).await?.filter(|row| row.status == "waiting") else { return Ok(()) };
        let sheet = content(&mut tx, self.core.figures.as_ref(), &row).await?;
        let formats = match row.schedule_id {
            Some(schedule) => schedules::find(&mut tx, schedule).await?.map(|row| row.formats()).unwrap_or_default(),
            None => vec![row.format()],
        };
        // No transaction is held while files are made.
        drop(tx);
        let sheet = tried(sheet, formats).await?;
        let mut tx = kernel.db.begin(org).await?;
        if reports::ready(&mut tx, &kernel.vault, id, &sheet).await? {
            tx.append(Event::new(Subject::Org(org), Actor::System, Fact::ReportReady { report: id }));
            for delivery in deliveries::waiting(&mut tx, id).await? {
                Deliver::enqueue(&mut tx, delivery.id);
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// It will not be made: whoever waits for it is told.
    async fn fail(&self, org: OrgId, id: ReportId) -> anyhow::Result<()> {
        let mut tx = self.core.kernel.db.begin(org).await?;
        let why = "it could not be made; the operator finds the reason among the dead letters";
        reports::failed(&mut tx, id, why).await?;
        let waiting = deliveries::waiting(&mut tx, id).await?;
        for delivery in &waiting {
            deliveries::settle(&mut tx, delivery.id, "failed", (0, Some(why))).await?;
        }
        if let Some(first) = waiting.first() {
            deliver::alert(&mut tx, first.schedule_id, waiting.len(), "the report could not be made");
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Makes every file that will be asked for, so that one that cannot be made is known now.
async fn tried(sheet: Sheet, formats: Vec<Format>) -> anyhow::Result<Sheet> {
    tokio::task::spawn_blocking(move || {
        for format in formats {
            format.file(&sheet)?;
        }
        Ok(sheet)
    })
    .await?
}

#[async_trait]
impl Handler for Make {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let MakeJob { report } = job.parse()?;
        match self.make(job.org, report).await {
            Ok(()) => Ok(()),
            Err(error) if job.is_last_attempt() => {
                self.fail(job.org, report).await?;
                Err(JobError::GiveUp(error))
            }
            Err(error) => Err(JobError::Retry(error)),
        }
    }
}
