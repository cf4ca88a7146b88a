//! Acting on an enrolment: once, in the transaction that says so.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::queue::{Handler, Job, JobError};
use sqlx::FromRow;
use uuid::Uuid;

use super::enrol::{self, Due};
use super::outreach::{Deed, Done, Outreach, Prospect};
use super::{Recipe, store};

/// Acts on what is due.
pub struct Act {
    kernel: Kernel,
    outreach: Arc<dyn Outreach>,
}

impl Act {
    /// The handler.
    pub fn new(kernel: Kernel, outreach: Arc<dyn Outreach>) -> Self {
        Self { kernel, outreach }
    }
}

#[derive(FromRow)]
struct Waiting {
    play: String,
    lead: Uuid,
    contact: Uuid,
    arm: String,
}

#[async_trait]
impl Handler for Act {
    fn kind(&self) -> &'static str {
        enrol::KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Due { enrolment } = job.parse()?;
        let mut tx = self.kernel.db.begin(job.org).await?;
        let Some(waiting) = waiting(&mut tx, enrolment).await? else { return Ok(()) };
        let Some(play) = Recipe::named(&waiting.play) else { return Ok(()) };
        let now = self.kernel.clock.now();
        let choice = store::choice(&mut tx, play, false).await?;
        let done = match choice {
            Some(choice) if choice.enabled && enrol::still_due(&mut tx, play, waiting.lead, now).await? => {
                let prospect = Prospect { lead: waiting.lead, contact: waiting.contact };
                let by_person = waiting.arm == "exempt";
                let deed = Deed { prospect, play, message: &choice.message, by_person };
                Some(self.outreach.act(&mut tx, &deed).await?)
            }
            // Switched off, or answered, booked or paid meanwhile.
            _ => None,
        };
        let (action, id) = match done {
            None => ("not_needed", None),
            Some(Done::Message(id)) => ("message", Some(id)),
            Some(Done::Task(id)) => ("task", Some(id)),
            Some(Done::Nobody) => ("nobody", None),
            Some(Done::Later(at)) => return Err(JobError::later((at - now).to_std().unwrap_or_default())),
        };
        sqlx::query(
            "update play_enrolments set action = $3, action_id = $4, acted_at = $5 where org_id = $1 and id = $2",
        )
        .bind(tx.org())
        .bind(enrolment)
        .bind(action)
        .bind(id)
        .bind(now)
        .execute(tx.conn())
        .await?;
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}

/// The enrolment, if its action is still due; nobody else acts on it until the transaction ends.
async fn waiting(tx: &mut OrgTx, enrolment: Uuid) -> Result<Option<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "select play, lead, contact, arm from play_enrolments where org_id = $1 and id = $2 and action = 'due' \
         and hidden_at is null for update",
    )
    .bind(tx.org())
    .bind(enrolment)
    .fetch_optional(tx.conn())
    .await
}
