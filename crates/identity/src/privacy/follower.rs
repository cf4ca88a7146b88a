//! Keeps a consent record of every opt-out word, and of its taking back.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::ConsentId;
use kernel::ledger::{Actor, Fact, Follower, Recorded};

/// The follower.
pub(super) struct ConsentRecords;

#[async_trait]
impl Follower for ConsentRecords {
    fn name(&self) -> &'static str {
        "identity.consents"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["contact.consent"])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        for event in events {
            let Fact::ContactConsent { contact, channel, opted_out } = event.fact else { continue };
            // What a member or a program tells is a record already.
            let Actor::Contact(_) = event.actor else { continue };
            sqlx::query(
                "insert into consent_records (org_id, id, contact_id, kind, channel, granted, source, evidence, by_actor, at) \
                 values ($1, $2, $3, 'messages', $4, $5, 'opt_out_word', $6, $7, $8) \
                 on conflict (org_id, evidence) where source = 'opt_out_word' do nothing",
            )
            .bind(tx.org())
            .bind(ConsentId::at(event.at))
            .bind(contact)
            .bind(channel.as_str())
            .bind(!opted_out)
            .bind(event.id.to_string())
            .bind(event.actor.to_string())
            .bind(event.at)
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }
}
