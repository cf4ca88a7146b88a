//! Keeps each conversation's word on being written to as the ledger last told it: a contact's own, or one that a member kept.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ledger::{Fact, Follower, Recorded};

/// The follower.
pub struct ConsentMarks;

#[async_trait]
impl Follower for ConsentMarks {
    fn name(&self) -> &'static str {
        "inbox.consents"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["contact.consent"])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        // In their order, the contact's own too: the last word counts.
        for event in events {
            let Fact::ContactConsent { contact, channel, opted_out } = event.fact else { continue };
            sqlx::query(
                "update conversations set opted_out = $4 where org_id = $1 and contact_id = $2 and channel_kind = $3 and opted_out <> $4",
            )
            .bind(tx.org())
            .bind(contact)
            .bind(channel.as_str())
            .bind(opted_out)
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }
}
