//! Learns the name of somebody who wrote on Messenger or Instagram, whose webhooks carry an id only.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use connectors::channel::Failure;
use connectors::meta::profile::profile;
use futures_util::future::join_all;
use kernel::channel::ChannelKind;
use kernel::ids::ChannelId;
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};

use super::Person;
use crate::channels::oauth::Link;
use crate::core::Core;

/// The most people one job asks for: few enough that trying again after a failure asks few of them twice.
const MOST: usize = 40;

/// Calls under way at once.
const AT_ONCE: usize = 8;

/// People new to an account whose names are to be asked for. A busy account hears from many at once: one job asks for all of
/// a batch.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProfileJob {
    channel: ChannelId,
    person: String,
    /// Further people of the same account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<String>,
}

impl ProfileJob {
    /// Whether a person's platform does not tell the name by itself.
    pub(crate) fn asks_for(person: &Person) -> bool {
        matches!(person.kind, ChannelKind::Facebook | ChannelKind::Instagram)
            && person.name.is_none()
            && person.username.is_none()
    }

    /// The jobs for people, each with many of one account.
    pub(crate) fn of<'a>(people: impl IntoIterator<Item = &'a Person>) -> Vec<NewJob> {
        let mut accounts: BTreeMap<ChannelId, Vec<String>> = BTreeMap::new();
        for person in people {
            accounts.entry(person.channel).or_default().push(person.platform_id.clone());
        }
        let jobs = |(channel, people): (ChannelId, Vec<String>)| {
            people.chunks(MOST).filter_map(|some| Self::job(channel, some)).collect::<Vec<_>>()
        };
        accounts.into_iter().flat_map(jobs).collect()
    }

    fn job(channel: ChannelId, people: &[String]) -> Option<NewJob> {
        let (person, also) = people.split_first()?;
        let job = Self { channel, person: person.clone(), also: also.to_vec() };
        Some(NewJob::new(Lane::Maintenance, "contact.profile", &job))
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
        let ProfileJob { channel, person, also } = job.parse()?;
        let people: Vec<String> = std::iter::once(person).chain(also).collect();
        let kernel = &self.core.kernel;
        let vault = kernel.vault.of(job.org).await.map_err(JobError::retry)?;
        let mut tx = kernel.db.begin(job.org).await?;
        // Let go meanwhile: nobody to ask.
        let Some(link) = Link::open(&mut tx, &vault, channel, "profile").await? else { return Ok(()) };
        drop(tx);
        let told = self.ask(&link, &people).await;
        let mut tx = kernel.db.begin(job.org).await?;
        self.core.contacts.resolve(&mut tx, &told.known).await?;
        if let Some(failure) = told.failure.filter(|_| !job.is_last_attempt()) {
            // What was told is kept; asking for it again changes nothing.
            tx.commit().await?;
            return Err(JobError::retry(anyhow::anyhow!("{failure}")));
        }
        if let Some(after) = told.wait {
            if told.known.is_empty() && told.left == people.len() {
                return Err(JobError::later(after));
            }
            let at = kernel.clock.now() + after;
            if let Some(rest) = ProfileJob::job(channel, &people[people.len() - told.left..]) {
                tx.enqueue(rest.at(at));
            }
        }
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}

/// What a platform told of people.
#[derive(Default)]
struct Told {
    known: Vec<Person>,
    /// A call that failed and may not fail again.
    failure: Option<Failure>,
    /// The platform wants us to wait before asking for those left.
    wait: Option<Duration>,
    /// How many, from the end, were not asked for.
    left: usize,
}

impl LearnProfile {
    /// Asks for people, some at once, until the platform wants us to wait.
    async fn ask(&self, link: &Link, people: &[String]) -> Told {
        let (graph, account, credentials) = (self.core.platforms.calls().graph(), link.account(), link.credentials());
        let mut told = Told { left: people.len(), ..Told::default() };
        for some in people.chunks(AT_ONCE) {
            let calls = some.iter().map(|person| profile(graph, &account, &credentials, person));
            for (person, answer) in some.iter().zip(join_all(calls).await) {
                match answer {
                    Ok(known) => told.known.push(Person {
                        channel: link.id,
                        kind: link.kind,
                        platform_id: person.clone(),
                        also: Vec::new(),
                        phone: None,
                        name: known.name.as_deref().map(crate::ingest::clean),
                        username: known.username.as_deref().map(crate::ingest::clean),
                    }),
                    Err(Failure::RateLimited { retry_after, .. }) => {
                        told.wait = Some(retry_after.unwrap_or(Duration::from_secs(60)));
                    }
                    Err(failure @ (Failure::NotSent { .. } | Failure::Unknown { .. })) => told.failure = Some(failure),
                    // They show nothing, or we may not ask: the contact stays without a name, which is no reason for a
                    // dead letter.
                    Err(failure) => {
                        tracing::info!(channel.id = %link.id, reason = %failure, "a contact's profile stays unknown");
                    }
                }
            }
            if told.wait.is_some() {
                return told;
            }
            told.left -= some.len();
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use kernel::Clock;

    use super::*;

    #[test]
    fn a_job_asks_for_many_of_one_account() {
        let clock = Clock::system();
        let channels = [ChannelId::new(&clock), ChannelId::new(&clock)];
        let person = |number: usize| Person {
            channel: channels[number % 2],
            kind: ChannelKind::Facebook,
            platform_id: number.to_string(),
            also: Vec::new(),
            phone: None,
            name: None,
            username: None,
        };
        let people: Vec<Person> = (0..2 * MOST + 2).map(person).collect();
        assert_eq!(ProfileJob::of(&people).len(), 4, "{MOST} and one more of each account");
        let one = serde_json::json!({ "channel": channels[0], "person": "7" });
        let read: ProfileJob = serde_json::from_value(one).expect("a job of an older version");
        assert!(read.also.is_empty());
    }
}
