//! Asks for a sync of every lead that changed.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::{ContactId, LeadId};
use kernel::ledger::{Fact, Follower, Recorded};
use uuid::Uuid;

use super::connection;
use super::sync::SyncJob;

/// Most leads written when an account is connected; the others follow with their next change.
const MOST: i64 = 10_000;

/// The follower.
pub struct CrmFollower;

#[async_trait]
impl Follower for CrmFollower {
    fn name(&self) -> &'static str {
        "leads.crm"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["lead.scored", "lead.tagged", "lead.stage", "contact.changed"])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let mut leads: Vec<LeadId> = events.iter().filter_map(lead_of).collect();
        let contacts: Vec<ContactId> = events.iter().filter_map(contact_of).collect();
        if leads.is_empty() && contacts.is_empty() {
            return Ok(());
        }
        if !connection::find(tx).await?.is_some_and(|known| known.is_live()) {
            return Ok(());
        }
        if !contacts.is_empty() {
            leads.extend(open_leads(tx, &contacts).await?);
        }
        leads.sort_unstable();
        leads.dedup();
        for lead in leads {
            tx.enqueue(SyncJob::of(lead, false));
        }
        Ok(())
    }
}

fn lead_of(event: &Recorded) -> Option<LeadId> {
    match event.fact {
        Fact::LeadScored { lead, .. } | Fact::LeadTagged { lead, .. } | Fact::LeadStage { lead, .. } => Some(lead),
        _ => None,
    }
}

fn contact_of(event: &Recorded) -> Option<ContactId> {
    match event.fact {
        Fact::ContactChanged { contact, .. } => Some(contact),
        _ => None,
    }
}

async fn open_leads(tx: &mut OrgTx, contacts: &[ContactId]) -> Result<Vec<LeadId>, sqlx::Error> {
    let ids: Vec<Uuid> = contacts.iter().map(|id| id.uuid()).collect();
    sqlx::query_scalar("select id from leads where org_id = $1 and contact_id = any($2) and closed_at is null")
        .bind(tx.org())
        .bind(ids)
        .fetch_all(tx.conn())
        .await
}

/// Asks for a sync of every open lead: an account was connected, or its mapping changed.
pub(super) async fn enqueue_open(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    let open: Vec<LeadId> = sqlx::query_scalar(
        "select id from leads where org_id = $1 and closed_at is null order by updated_at desc limit $2",
    )
    .bind(tx.org())
    .bind(MOST)
    .fetch_all(tx.conn())
    .await?;
    for lead in open {
        tx.enqueue(SyncJob::of(lead, false));
    }
    Ok(())
}
