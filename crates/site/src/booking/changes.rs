//! What follows when a consultation was moved or cancelled: the story of its lead, and a letter.

use async_trait::async_trait;
use kernel::ids::InquiryId;
use kernel::mail::post;
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};

use super::store;
use crate::core::Core;
use crate::inquiries::{Sender, store as inquiries, story};
use crate::sites;

/// The kind of the jobs.
const KIND: &str = "site.booking";

/// Whose consultation.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    inquiry: InquiryId,
}

/// The job that tells of a change, after the one that made the inquiry known.
pub(super) fn job_of(inquiry: InquiryId) -> NewJob {
    NewJob::new(Lane::Crm, KIND, &Payload { inquiry }).key(inquiry)
}

/// Tells of changes.
pub(crate) struct Changes {
    core: Core,
}

impl Changes {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn tell(&self, job: &Job, id: InquiryId) -> anyhow::Result<()> {
        let kernel = self.core.kernel();
        let vault = kernel.vault.of(job.org).await?;
        let mut tx = kernel.db.begin(job.org).await?;
        let Some(site) = sites::read(&mut tx).await? else { return Ok(()) };
        let Some(inquiry) = inquiries::held(&mut tx, &vault, id).await? else { return Ok(()) };
        let Some(booking) = store::of_inquiry(&mut tx, id).await? else { return Ok(()) };
        if inquiry.contact.is_some() {
            let story = story::of(&inquiry, &site, None, Some(&booking));
            self.core.crm().arrived(&mut tx, &inquiry.letter.person(), &story).await?;
            if kernel.config.mail.is_set() {
                let sender = Sender::new(&site, &kernel.config.http.base_url());
                post(&mut tx, &kernel.vault, &sender.consultation(&inquiry, &booking)).await?;
            }
        }
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Handler for Changes {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Payload { inquiry } = job.parse()?;
        self.tell(job, inquiry).await.map_err(JobError::retry)
    }
}
