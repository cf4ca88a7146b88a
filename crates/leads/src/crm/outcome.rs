//! What became of each lead: kept in its link, told to the ledger, and turned into the job's result.

use connectors::hubspot::failure::{Failure, FailureKind};
use kernel::db::OrgTx;
use kernel::ids::{CrmId, LeadId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::queue::{Job, JobError};

use super::SYSTEM;
use super::connection::{self, Connection};
use super::push::{Parcel, Part};

/// Keeps what is known of contacts and deals, and marks the notes that are about to be made.
pub(super) async fn keep_records(tx: &mut OrgTx, parcels: &[Parcel]) -> Result<(), sqlx::Error> {
    for parcel in parcels {
        sqlx::query(
            "insert into crm_links (org_id, system, lead_id, remote_contact_id, remote_deal_id, note_started_at) \
             values ($1, $2, $3, $4, $5, case when $6 then now() end) on conflict (org_id, system, lead_id) do update set \
             remote_contact_id = excluded.remote_contact_id, remote_deal_id = excluded.remote_deal_id, \
             note_started_at = coalesce(excluded.note_started_at, crm_links.note_started_at)",
        )
        .bind(tx.org())
        .bind(SYSTEM)
        .bind(parcel.wanted.source.id)
        .bind(&parcel.contact)
        .bind(&parcel.deal)
        .bind(parcel.makes_a_note())
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Keeps the end of each lead; the results are in the order of the parcels.
pub(super) async fn keep_ends(
    tx: &mut OrgTx,
    known: &Connection,
    parcels: &[Parcel],
    jobs: &[&Job],
) -> Result<Vec<Result<(), JobError>>, sqlx::Error> {
    let mut results = Vec::new();
    let mut written = false;
    for (parcel, job) in parcels.iter().zip(jobs) {
        let lead = parcel.wanted.source.id;
        match &parcel.failure {
            None => {
                done(tx, parcel, None).await?;
                written = true;
                results.push(Ok(()));
            }
            // The note may be there; a second one is worse than a missing one.
            Some((Part::Note, failure)) if parcel.note.is_none() && failure.kind == FailureKind::Lost => {
                done(tx, parcel, Some("the answer to the note was lost; it is not written twice")).await?;
                results.push(Ok(()));
            }
            Some((part, failure)) => {
                failed(tx, parcel, *part, failure).await?;
                results.push(verdict(tx, known, lead, failure, job).await?);
            }
        }
    }
    if written {
        sqlx::query("update crm_connections set last_synced_at = $3 where org_id = $1 and system = $2")
            .bind(tx.org())
            .bind(SYSTEM)
            .bind(tx.clock().now())
            .execute(tx.conn())
            .await?;
    }
    Ok(results)
}

async fn done(tx: &mut OrgTx, parcel: &Parcel, remark: Option<&str>) -> Result<(), sqlx::Error> {
    let lead = parcel.wanted.source.id;
    let now = tx.clock().now();
    sqlx::query(
        "update crm_links set synced_hash = $4, synced_at = $5, remote_note_id = $6, remote_status = coalesce($7, remote_status), \
         last_error = $8, attempts = 0 where org_id = $1 and system = $2 and lead_id = $3",
    )
    .bind(tx.org())
    .bind(SYSTEM)
    .bind(lead)
    .bind(&parcel.wanted.hash)
    .bind(now)
    .bind(&parcel.note)
    .bind(parcel.wanted.status())
    .bind(remark)
    .execute(tx.conn())
    .await?;
    let remote_id = parcel.contact.clone().unwrap_or_default();
    tx.append(Event::new(
        Subject::Lead(lead),
        Actor::System,
        Fact::CrmSynced { lead, system: SYSTEM.to_owned(), remote_id },
    ));
    Ok(())
}

/// Keeps the failure. What the CRM no longer has is forgotten, so that the next run makes it anew.
async fn failed(tx: &mut OrgTx, parcel: &Parcel, part: Part, failure: &Failure) -> Result<(), sqlx::Error> {
    let gone = |this: Part| failure.kind == FailureKind::NotFound && part == this;
    // A note that was refused was not made, whether or not this run marked it as begun: it may be tried again.
    let unmade =
        gone(Part::Note) || (part == Part::Note && parcel.note.is_none() && !parcel.wanted.source.had_begun_a_note());
    sqlx::query(
        "update crm_links set last_error = $4, attempts = attempts + $9, \
         remote_contact_id = case when $5 then null else remote_contact_id end, \
         remote_deal_id = case when $6 then null else remote_deal_id end, \
         remote_note_id = case when $7 then null else remote_note_id end, \
         note_started_at = case when $8 then null else note_started_at end \
         where org_id = $1 and system = $2 and lead_id = $3",
    )
    .bind(tx.org())
    .bind(SYSTEM)
    .bind(parcel.wanted.source.id)
    .bind(short(&failure.message))
    .bind(gone(Part::Contact))
    .bind(gone(Part::Deal))
    .bind(gone(Part::Note))
    .bind(unmade)
    // Waiting for a limit is nobody's failure.
    .bind(i32::from(!matches!(failure.kind, FailureKind::RateLimited(_))))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Every failure decides: wait, try again, give up, or ask a person to connect again.
async fn verdict(
    tx: &mut OrgTx,
    known: &Connection,
    lead: LeadId,
    failure: &Failure,
    job: &Job,
) -> Result<Result<(), JobError>, sqlx::Error> {
    let error = || anyhow::anyhow!("{failure}");
    Ok(match &failure.kind {
        FailureKind::RateLimited(limit) => Err(JobError::later(failure.retry_after.unwrap_or_else(|| limit.wait()))),
        FailureKind::Unauthorised if known.refreshes() && !job.is_last_attempt() => {
            connection::expire(tx).await?;
            Err(JobError::retry(error()))
        }
        FailureKind::Unauthorised | FailureKind::MissingScopes | FailureKind::GrantExpired => {
            reauthorise(tx, known.id, lead, failure).await?;
            // Connecting again asks for every open lead: nothing is lost by ending here.
            Ok(())
        }
        FailureKind::Unavailable | FailureKind::Lost | FailureKind::Malformed | FailureKind::NotFound => {
            if job.is_last_attempt() {
                tell(tx, lead, "unreachable");
            }
            Err(JobError::retry(error()))
        }
        FailureKind::Conflict { .. } => {
            tell(tx, lead, "conflict");
            Err(JobError::give_up(error()))
        }
        FailureKind::Invalid => {
            tell(tx, lead, "invalid");
            Err(JobError::give_up(error()))
        }
    })
}

fn tell(tx: &mut OrgTx, lead: LeadId, code: &str) {
    let fact = Fact::CrmFailed { lead, system: SYSTEM.to_owned(), code: code.to_owned() };
    tx.append(Event::new(Subject::Lead(lead), Actor::System, fact));
}

/// The account must be connected again by a person; told once.
pub(super) async fn reauthorise(tx: &mut OrgTx, id: CrmId, lead: LeadId, failure: &Failure) -> Result<(), sqlx::Error> {
    let was: Option<String> =
        sqlx::query_scalar("select status from crm_connections where org_id = $1 and system = $2 for update")
            .bind(tx.org())
            .bind(SYSTEM)
            .fetch_optional(tx.conn())
            .await?;
    if was.as_deref() != Some("connected") {
        return Ok(());
    }
    connection::set_status(tx, "reauthorise", Some(&short(&failure.message))).await?;
    let fact = Fact::CrmFailed { lead, system: SYSTEM.to_owned(), code: "reauthorise".to_owned() };
    tx.append(Event::new(Subject::Crm(id), Actor::System, fact));
    Ok(())
}

fn short(message: &str) -> String {
    message.chars().take(300).collect()
}
