//! Conversations follow their contact when two contacts become one, and go back when that is undone.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::ContactId;
use kernel::ledger::{Fact, Follower, Recorded};

/// The follower.
pub struct ContactMerges;

#[async_trait]
impl Follower for ContactMerges {
    fn name(&self) -> &'static str {
        "inbox.contact_merges"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["contact.merged", "contact.unmerged"])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        for event in events {
            match event.fact {
                Fact::ContactMerged { kept, merged } => hand_over(tx, merged, kept).await?,
                Fact::ContactUnmerged { kept, restored } => hand_back(tx, kept, restored).await?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where both have a conversation on one account, each keeps its own: two threads there are two threads at the platform.
async fn hand_over(tx: &mut OrgTx, from: ContactId, to: ContactId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update conversations c set contact_id = $3, merged_from = c.merged_from || $2 where c.org_id = $1 and c.contact_id = $2 and not exists \
           (select 1 from conversations k where k.org_id = $1 and k.channel_id = c.channel_id and k.contact_id = $3)",
    )
    .bind(tx.org())
    .bind(from)
    .bind(to)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Only what the latest merge brought goes back.
async fn hand_back(tx: &mut OrgTx, from: ContactId, to: ContactId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update conversations c set contact_id = $3, merged_from = trim_array(c.merged_from, 1) \
         where c.org_id = $1 and c.contact_id = $2 and c.merged_from[cardinality(c.merged_from)] = $3 and not exists \
           (select 1 from conversations k where k.org_id = $1 and k.channel_id = c.channel_id and k.contact_id = $3)",
    )
    .bind(tx.org())
    .bind(from)
    .bind(to)
    .execute(tx.conn())
    .await?;
    Ok(())
}
