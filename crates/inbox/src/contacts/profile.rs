//! Learns the name of somebody who wrote on Messenger or Instagram, whose webhooks carry an id only.

use async_trait::async_trait;
use connectors::channel::Failure;
use connectors::meta::profile::profile;
use kernel::channel::ChannelKind;
use kernel::ids::ChannelId;
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};

use super::Person;
use crate::channels::oauth::Link;
use crate::core::Core;

/// Somebody new whose name is to be asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProfileJob {
    channel: ChannelId,
    person: String,
}

impl ProfileJob {
    /// The job for a person, where their platform does not tell the name by itself.
    pub(crate) fn of(person: &Person) -> Option<NewJob> {
        let asks = matches!(person.kind, ChannelKind::Facebook | ChannelKind::Instagram);
        let unnamed = person.name.is_none() && person.username.is_none();
        let job = Self { channel: person.channel, person: person.platform_id.clone() };
        (asks && unnamed).then(|| NewJob::new(Lane::Maintenance, "contact.profile", &job))
    }
}

/// Asks the platform and tells the contacts.
pub struct LearnProfile {
    core: Core,
}

impl LearnProfile {
    /// The handler over the inbox.
    pub fn new(core: Core) -> Self {
        Self { core }
    }
}

#[async_trait]
impl Handler for LearnProfile {
    fn kind(&self) -> &'static str {
        "contact.profile"
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let task: ProfileJob = job.parse()?;
        let kernel = &self.core.kernel;
        let vault = kernel.vault.of(job.org).await.map_err(JobError::retry)?;
        let mut tx = kernel.db.begin(job.org).await?;
        // Let go meanwhile: nobody to ask.
        let Some(link) = Link::open(&mut tx, &vault, task.channel, "profile").await? else { return Ok(()) };
        drop(tx);
        let graph = self.core.platforms.calls().graph();
        let known = match profile(graph, &link.account(), &link.credentials(), &task.person).await {
            Ok(known) => known,
            Err(Failure::RateLimited { retry_after, .. }) => {
                return Err(JobError::later(retry_after.unwrap_or(std::time::Duration::from_secs(60))));
            }
            Err(failure @ (Failure::NotSent { .. } | Failure::Unknown { .. })) if !job.is_last_attempt() => {
                return Err(JobError::retry(anyhow::anyhow!("{failure}")));
            }
            // They show nothing, or we may not ask: the contact stays without a name, which is no reason for a dead letter.
            Err(failure) => {
                tracing::info!(channel.id = %task.channel, reason = %failure, "a contact's profile stays unknown");
                return Ok(());
            }
        };
        let person = Person {
            channel: task.channel,
            kind: link.kind,
            platform_id: task.person,
            also: Vec::new(),
            phone: None,
            name: known.name.as_deref().map(crate::ingest::clean),
            username: known.username.as_deref().map(crate::ingest::clean),
        };
        let mut tx = kernel.db.begin(job.org).await?;
        self.core.contacts.resolve(&mut tx, &[person]).await?;
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}
