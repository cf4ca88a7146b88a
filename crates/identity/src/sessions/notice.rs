//! The letter that tells a person of a sign-in from a device they did not use lately.
//!
//! The sign-in queues the work with its own transaction; the letter is written afterwards, so that signing in never waits for
//! it and reads the same with and without mail.

use async_trait::async_trait;
use chrono::Duration;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{SessionId, UserId};
use kernel::mail::{self, Letter};
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};

use crate::device;
use crate::origin::Origin;
use crate::store::sessions;

/// The kind of the jobs.
const KIND: &str = "identity.sign_in_notice";
/// A device that was not used for this long is new again.
const REMEMBERED: Duration = Duration::days(90);

#[derive(Serialize, Deserialize)]
struct Notice {
    session: SessionId,
}

/// Queues the letter when the person was here before, and never with this device. Call it before the session is added.
pub(crate) async fn is_new_device(tx: &mut OrgTx, user: UserId, origin: &Origin) -> Result<bool, sqlx::Error> {
    let since = tx.clock().now() - REMEMBERED;
    let known = sessions::agents_of(tx, user, since).await?;
    let device = device::readable(&origin.agent);
    Ok(!known.is_empty() && !known.iter().any(|agent| device::readable(agent) == device))
}

pub(crate) fn queue(tx: &mut OrgTx, session: SessionId) {
    tx.enqueue(NewJob::new(Lane::Mail, KIND, &Notice { session }));
}

/// Writes the letters.
pub(crate) struct Notices {
    kernel: Kernel,
}

impl Notices {
    pub(crate) fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

#[async_trait]
impl Handler for Notices {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        if !self.kernel.config.mail.is_set() {
            return Ok(());
        }
        let Notice { session } = job.parse()?;
        let mut tx = self.kernel.db.begin(job.org).await?;
        let Some(told) = sessions::told_of(&mut tx, session).await? else { return Ok(()) };
        let at = told.created_at.format("%-d %B %Y, %H:%M UTC").to_string();
        let device = device::readable(&told.agent);
        let from = if told.ip.is_empty() { "unknown" } else { &told.ip };
        let profile = format!("{}/settings/profile", self.kernel.config.http.base_url());
        let letter = Letter::new(told.email, "A new sign-in to Recoup")
            .say("Somebody signed in to your account from a device that was not used lately.")
            .facts(&[("Organisation", &told.org_name), ("Device", &device), ("Address", from), ("Time", &at)])
            .say("If it was you, there is nothing to do. If not, end the session and choose another password:")
            .link("Profile and security", &profile);
        mail::post(&mut tx, &self.kernel.vault, &letter).await.map_err(JobError::give_up)?;
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}
