//! The batch handler of `crm.sync`: up to ten leads of one organisation a run.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use connectors::hubspot::failure::{Failure, FailureKind};
use kernel::config::Secret;
use kernel::ids::{LeadId, OrgId};
use kernel::queue::{BatchHandler, Job, JobError, Lane, NewJob};
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};

use super::connect::{app, keys_of};
use super::connection::{self, Connection};
use super::push::{Parcel, push_notes, push_records};
use super::{outcome, plan};
use crate::core::Core;

/// A lead to write. The key is the lead: its writes keep their order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SyncJob {
    lead: LeadId,
    /// Write it even when it has not changed.
    #[serde(default)]
    force: bool,
}

impl SyncJob {
    /// The job that writes a lead.
    pub(crate) fn of(lead: LeadId, force: bool) -> NewJob {
        NewJob::new(Lane::Crm, "crm.sync", &Self { lead, force }).key(lead)
    }
}

/// Writes leads into the CRM.
pub struct CrmSync {
    core: Core,
}

type Results = Vec<Result<(), JobError>>;

impl CrmSync {
    /// The handler over the room.
    pub fn new(core: Core) -> Self {
        Self { core }
    }
}

#[async_trait]
impl BatchHandler for CrmSync {
    fn kind(&self) -> &'static str {
        "crm.sync"
    }

    fn most(&self) -> usize {
        10
    }

    async fn run_batch(&self, org: OrgId, jobs: &[Job]) -> Results {
        match self.sync(org, jobs).await {
            Ok(mut by_lead) => jobs.iter().map(|job| by_lead.remove(&job.id.uuid()).unwrap_or(Ok(()))).collect(),
            // Contacts and deals are upserted and a note that was begun is marked: running again makes no doubles.
            Err(error) => jobs.iter().map(|_| Err(JobError::retry(anyhow::anyhow!("{error:#}")))).collect(),
        }
    }
}

impl CrmSync {
    async fn sync(&self, org: OrgId, jobs: &[Job]) -> anyhow::Result<HashMap<uuid::Uuid, Result<(), JobError>>> {
        let kernel = &self.core.kernel;
        let vault = kernel.vault.of(org).await?;
        let mut tx = kernel.db.begin(org).await?;
        let Some(known) = connection::find(&mut tx).await?.filter(Connection::is_live) else {
            return Ok(HashMap::new());
        };
        let tasks: Vec<(&Job, SyncJob)> = jobs.iter().filter_map(|job| Some((job, job.parse().ok()?))).collect();
        let leads: Vec<LeadId> = tasks.iter().map(|(_, task)| task.lead).collect();
        let mut wanted = plan::load(&mut tx, &vault, &leads, &known.mapping, &kernel.config.http.base_url()).await?;
        drop(tx);
        let (mut parcels, mut due) = (Vec::new(), Vec::new());
        for (job, task) in &tasks {
            let one = wanted.remove(&task.lead).filter(|one| task.force || !one.is_unchanged());
            if let Some(one) = one {
                parcels.push(Parcel::new(one));
                due.push(*job);
            }
        }
        if parcels.is_empty() {
            return Ok(HashMap::new());
        }
        let token = match self.token(org, &vault, &known).await? {
            Ok(token) => token,
            Err(failure) => return self.no_token(org, &known, &parcels[0], &failure, &due).await,
        };
        let results = self.write(org, &known, &token, &mut parcels, &due).await?;
        Ok(due.iter().map(|job| job.id.uuid()).zip(results).collect())
    }

    /// Calls and records in turn: never a transaction open over a call.
    async fn write(
        &self,
        org: OrgId,
        known: &Connection,
        token: &Secret,
        parcels: &mut [Parcel],
        jobs: &[&Job],
    ) -> anyhow::Result<Results> {
        let kernel = &self.core.kernel;
        push_records(&self.core.hubspot, token.reveal(), parcels).await;
        let mut tx = kernel.db.begin(org).await?;
        outcome::keep_records(&mut tx, parcels).await?;
        tx.commit().await?;
        push_notes(&self.core.hubspot, token.reveal(), parcels, kernel.clock.now()).await;
        let mut tx = kernel.db.begin(org).await?;
        let results = outcome::keep_ends(&mut tx, known, parcels, jobs).await?;
        tx.commit().await?;
        Ok(results)
    }

    /// An access token that is good for a minute more.
    pub(super) async fn token(
        &self,
        org: OrgId,
        vault: &OrgVault,
        known: &Connection,
    ) -> anyhow::Result<Result<Secret, Failure>> {
        let kernel = &self.core.kernel;
        let keys = known.keys(vault, "sync")?;
        let soon = kernel.clock.now() + Duration::from_secs(60);
        let (Some(refresh), true) = (&keys.refresh, keys.expires_at.is_some_and(|end| end <= soon)) else {
            return Ok(Ok(keys.access));
        };
        let tokens = match self.core.hubspot.refresh(&app(&self.core), refresh.reveal()).await {
            Ok(tokens) => tokens,
            Err(failure) => return Ok(Err(failure)),
        };
        let fresh = keys_of(&kernel.clock, tokens);
        let mut tx = kernel.db.begin(org).await?;
        connection::save(&mut tx, vault, known.id, &known.account_id, &fresh, &known.mapping).await?;
        tx.commit().await?;
        Ok(Ok(fresh.access))
    }

    async fn no_token(
        &self,
        org: OrgId,
        known: &Connection,
        first: &Parcel,
        failure: &Failure,
        jobs: &[&Job],
    ) -> anyhow::Result<HashMap<uuid::Uuid, Result<(), JobError>>> {
        if matches!(failure.kind, FailureKind::GrantExpired | FailureKind::Unauthorised | FailureKind::Invalid) {
            let mut tx = self.core.kernel.db.begin(org).await?;
            outcome::reauthorise(&mut tx, known.id, first.wanted.source.id, failure).await?;
            tx.commit().await?;
            return Ok(HashMap::new());
        }
        let wait = failure.retry_after.unwrap_or(Duration::from_secs(5));
        let again = |job: &&Job| {
            (
                job.id.uuid(),
                Err(if failure.is_retryable() {
                    JobError::later(wait)
                } else {
                    JobError::retry(anyhow::anyhow!("{failure}"))
                }),
            )
        };
        Ok(jobs.iter().map(again).collect())
    }
}
