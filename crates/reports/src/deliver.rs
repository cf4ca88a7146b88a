//! Sending a report to one recipient, and the alert when it does not arrive.
//!
//! A delivery is a row before it is a letter. The letter carries the delivery's own id, so a second copy after a crash has the same
//! `Message-ID`. What the mail server refuses for good, or for longer than the lane's patience, is a fact in the ledger and a line on
//! the page: silence would look like a report with nothing in it.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::{DeliveryId, LetterId, OrgId, ScheduleId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::mail::{Letter, one_line};
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::render::letter;
use crate::store::deliveries::DeliveryRow;
use crate::store::{deliveries, reports, schedules};

/// The kind of the jobs.
const KIND: &str = "reports.deliver";

/// Which delivery.
#[derive(Debug, Serialize, Deserialize)]
struct DeliverJob {
    delivery: DeliveryId,
}

/// Sends reports.
pub(crate) struct Deliver {
    core: Core,
}

/// Says that so many recipients did not get a report.
pub(crate) fn alert(tx: &mut OrgTx, schedule: ScheduleId, recipients: usize, reason: &str) {
    let recipients = i32::try_from(recipients).unwrap_or(i32::MAX);
    let fact = Fact::ReportUndelivered { schedule, recipients, reason: one_line(reason, 200) };
    tx.append(Event::new(Subject::Org(tx.org()), Actor::System, fact));
}

impl Deliver {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Has a delivery sent, with the transaction.
    pub(crate) fn enqueue(tx: &mut OrgTx, delivery: DeliveryId) {
        tx.enqueue(NewJob::new(Lane::Mail, KIND, &DeliverJob { delivery }));
    }

    /// The delivery and its letter; none when there is nothing to send any more.
    async fn prepared(&self, org: OrgId, id: DeliveryId) -> anyhow::Result<Option<(DeliveryRow, Letter)>> {
        let kernel = &self.core.kernel;
        let mut tx = kernel.db.begin(org).await?;
        let Some(row) = deliveries::find(&mut tx, id).await?.filter(|row| row.state != "sent") else { return Ok(None) };
        let Some(schedule) = schedules::find(&mut tx, row.schedule_id).await? else { return Ok(None) };
        let Some(sheet) = reports::sheet(&mut tx, &kernel.vault, row.report_id).await? else { return Ok(None) };
        drop(tx);
        let link = format!("{}/reports/{}", kernel.config.http.base_url(), row.report_id);
        let (to, formats) = (row.recipient.clone(), schedule.formats());
        let letter = tokio::task::spawn_blocking(move || letter(&sheet, &to, &link, &formats)).await??;
        Ok(Some((row, letter)))
    }

    async fn settle(&self, job: &Job, row: &DeliveryRow, failure: Option<&str>) -> Result<(), sqlx::Error> {
        let mut tx = self.core.kernel.db.begin(job.org).await?;
        match failure {
            None => {
                deliveries::settle(&mut tx, row.id, "sent", (job.attempt, None)).await?;
                tx.finish(job);
            }
            Some(reason) => {
                let reason = one_line(reason, 300);
                if deliveries::settle(&mut tx, row.id, "failed", (job.attempt, Some(&reason))).await? {
                    alert(&mut tx, row.schedule_id, 1, &reason);
                }
            }
        }
        tx.commit().await
    }
}

#[async_trait]
impl Handler for Deliver {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// May run again after a crash: a delivery that was sent is not sent again, and one of which that is not known has the same
    /// `Message-ID`.
    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let DeliverJob { delivery } = job.parse()?;
        let Some((row, letter)) = self.prepared(job.org, delivery).await? else { return Ok(()) };
        let id = LetterId::from_uuid(delivery.uuid());
        match self.core.postman().carry(id, &letter).await {
            Ok(()) => Ok(self.settle(job, &row, None).await?),
            Err(JobError::GiveUp(error)) => {
                self.settle(job, &row, Some(&error.to_string())).await?;
                Err(JobError::GiveUp(error))
            }
            Err(JobError::Retry(error)) if job.is_last_attempt() => {
                self.settle(job, &row, Some(&error.to_string())).await?;
                Err(JobError::Retry(error))
            }
            Err(other) => Err(other),
        }
    }
}
