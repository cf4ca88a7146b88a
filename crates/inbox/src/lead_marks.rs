//! Keeps each conversation's lead tag and score as the leads room last told them, so that the list needs no join.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ledger::{Fact, Follower, Recorded};
use uuid::Uuid;

/// The follower.
pub struct LeadMarks;

#[async_trait]
impl Follower for LeadMarks {
    fn name(&self) -> &'static str {
        "inbox.lead_marks"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["lead.scored", "lead.tagged"])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let mut contacts: Vec<Uuid> = Vec::new();
        let (mut leads, mut tags, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        // The newest word on a contact is the one that counts.
        for event in events.iter().rev() {
            let (lead, contact, tag, score) = match &event.fact {
                Fact::LeadScored { lead, contact, tag, score, .. } => (lead, contact, tag, Some(*score)),
                Fact::LeadTagged { lead, contact, tag, .. } => (lead, contact, tag, None),
                _ => continue,
            };
            if !contacts.contains(&contact.uuid()) {
                contacts.push(contact.uuid());
                leads.push(lead.uuid());
                tags.push(tag.word());
                scores.push(score);
            }
        }
        if contacts.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "with locked as (select id from conversations where org_id = $1 and contact_id = any($2) order by id for update) \
             update conversations c set lead_id = n.lead_id, lead_tag = n.tag, lead_score = coalesce(n.score, c.lead_score) \
             from unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[]) as n (contact_id, lead_id, tag, score) \
             where c.org_id = $1 and c.contact_id = n.contact_id and c.id = any(array(select id from locked))",
        )
        .bind(tx.org())
        .bind(contacts)
        .bind(leads)
        .bind(tags)
        .bind(scores)
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}
