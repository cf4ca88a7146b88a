//! Asks the CRM to forget an erased contact: its record for good, its deals and notes into the bin.
//!
//! The ids at the CRM are kept sealed until it is settled, and no longer. HubSpot forgets a contact by its own call
//! (`gdpr-delete`); deals and notes name the person too, and are archived with it.

use async_trait::async_trait;
use connectors::hubspot::failure::{Failure, FailureKind};
use connectors::hubspot::objects::ObjectKind;
use kernel::db::OrgTx;
use kernel::ids::uuid_at;
use kernel::privacy::Outside;
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::SYSTEM;
use super::connection::{self, Connection};
use super::sync::CrmSync;
use crate::core::Core;

/// What a CRM holds of a person.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Remote {
    contacts: Vec<String>,
    deals: Vec<String>,
    notes: Vec<String>,
}

/// Which request to carry out.
#[derive(Debug, Serialize, Deserialize)]
struct ForgetJob {
    id: Uuid,
}

/// Where a request's ids are sealed.
pub(crate) fn erasure_place(id: Uuid) -> String {
    format!("crm_erasures/{id}")
}

/// Writes down what the CRM is to forget, before the links to it are removed, and asks for it.
pub(crate) async fn forget(tx: &mut OrgTx, vault: &OrgVault, leads: &[Uuid], erasure: Uuid) -> anyhow::Result<()> {
    let links: Vec<(Option<String>, Option<String>, Option<String>)> = sqlx::query_as(
        "select remote_contact_id, remote_deal_id, remote_note_id from crm_links where org_id = $1 and system = $2 and lead_id = any($3)",
    )
    .bind(tx.org())
    .bind(SYSTEM)
    .bind(leads)
    .fetch_all(tx.conn())
    .await?;
    let mut remote = Remote::default();
    for (contact, deal, note) in links {
        remote.contacts.extend(contact);
        remote.deals.extend(deal);
        remote.notes.extend(note);
    }
    for list in [&mut remote.contacts, &mut remote.deals, &mut remote.notes] {
        list.sort_unstable();
        list.dedup();
    }
    let records = remote.contacts.len() + remote.deals.len() + remote.notes.len();
    if records == 0 {
        return Ok(());
    }
    let live = connection::find(tx).await?.is_some_and(|known| known.is_live());
    let id = uuid_at(tx.clock().now());
    let sealed =
        live.then(|| vault.seal(&erasure_place(id), &serde_json::to_vec(&remote)?).map_err(anyhow::Error::new));
    sqlx::query(
        "insert into crm_erasures (org_id, id, erasure_id, system, remote, records, state) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(erasure)
    .bind(SYSTEM)
    .bind(sealed.transpose()?)
    .bind(i32::try_from(records)?)
    .bind(if live { "waiting" } else { "not_connected" })
    .execute(tx.conn())
    .await?;
    if live {
        tx.enqueue(NewJob::new(Lane::Crm, "crm.forget", &ForgetJob { id }).key(id));
    }
    Ok(())
}

/// What CRMs were asked to forget for an erasure.
pub(crate) async fn forgotten(tx: &mut OrgTx, erasure: Uuid) -> Result<Vec<Outside>, sqlx::Error> {
    let rows: Vec<(String, String, i32)> = sqlx::query_as(
        "select system, state, records from crm_erasures where org_id = $1 and erasure_id = $2 order by system, id",
    )
    .bind(tx.org())
    .bind(erasure)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|(system, outcome, records)| Outside { system, outcome, records }).collect())
}

/// Carries out `crm.forget`.
pub struct CrmForget {
    core: Core,
    sync: CrmSync,
}

impl CrmForget {
    /// The handler over the room.
    pub fn new(core: Core) -> Self {
        Self { sync: CrmSync::new(core.clone()), core }
    }
}

#[async_trait]
impl Handler for CrmForget {
    fn kind(&self) -> &'static str {
        "crm.forget"
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let ForgetJob { id } = job.parse()?;
        let kernel = &self.core.kernel;
        let vault = kernel.vault.of(job.org).await.map_err(JobError::retry)?;
        let mut tx = kernel.db.begin(job.org).await?;
        let sealed: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("select remote from crm_erasures where org_id = $1 and id = $2")
                .bind(job.org)
                .bind(id)
                .fetch_optional(tx.conn())
                .await?;
        let Some(Some(sealed)) = sealed else { return Ok(()) };
        let known = connection::find(&mut tx).await?.filter(Connection::is_live);
        drop(tx);
        let Some(known) = known else { return self.settle(job, id, "not_connected", None).await };
        let remote = vault.open(&erasure_place(id), &sealed).map_err(JobError::give_up)?;
        let remote: Remote = serde_json::from_slice(&remote).map_err(JobError::give_up)?;
        let token = self.sync.token(job.org, &vault, &known).await?;
        let failure = match token {
            Ok(token) => self.call(token.reveal(), &remote).await.err(),
            Err(failure) => Some(failure),
        };
        match failure {
            None => self.settle(job, id, "done", None).await,
            Some(failure) => self.failed(job, id, &failure).await,
        }
    }
}

impl CrmForget {
    /// Notes and deals first: they are found through the contact. Everything here may be repeated.
    async fn call(&self, token: &str, remote: &Remote) -> Result<(), Failure> {
        for (kind, ids) in [(ObjectKind::Notes, &remote.notes), (ObjectKind::Deals, &remote.deals)] {
            for some in ids.chunks(connectors::hubspot::objects::MOST_INPUTS) {
                self.core.hubspot.archive(token, kind, some).await?;
            }
        }
        for contact in &remote.contacts {
            match self.core.hubspot.forget_contact(token, contact).await {
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                other => other?,
            }
        }
        Ok(())
    }

    async fn failed(&self, job: &Job, id: Uuid, failure: &Failure) -> Result<(), JobError> {
        if let FailureKind::RateLimited(limit) = failure.kind {
            return Err(JobError::later(failure.retry_after.unwrap_or_else(|| limit.wait())));
        }
        let refused = matches!(
            failure.kind,
            FailureKind::MissingScopes | FailureKind::Invalid | FailureKind::GrantExpired | FailureKind::Unauthorised
        );
        if refused || job.is_last_attempt() {
            // Kept with its ids: a dead letter that is tried again, by hand or by the machine, may still succeed.
            self.settle(job, id, "failed", Some(&failure.message)).await?;
        }
        let error = anyhow::anyhow!("the CRM did not forget the contact: {:?}", failure.kind);
        Err(if refused { JobError::GiveUp(error) } else { JobError::Retry(error) })
    }

    async fn settle(&self, job: &Job, id: Uuid, state: &str, error: Option<&str>) -> Result<(), JobError> {
        let mut tx = self.core.kernel.db.begin(job.org).await?;
        sqlx::query(
            "update crm_erasures set state = $3, error = $4, settled_at = $5, remote = case when $3 = 'failed' then remote end \
             where org_id = $1 and id = $2",
        )
        .bind(job.org)
        .bind(id)
        .bind(state)
        .bind(error.map(|text| text.chars().take(300).collect::<String>()))
        .bind(tx.clock().now())
        .execute(tx.conn())
        .await?;
        if state != "failed" {
            tx.finish(job);
        }
        tx.commit().await?;
        Ok(())
    }
}
