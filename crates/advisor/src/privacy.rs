//! Conversations of members with the advisor. They may name anybody and cannot be told apart by person, so all of an
//! organisation's go when one of its contacts is erased.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::privacy::{Expiry, Holder, Opener, Removed, Sheet, Traces};
use uuid::Uuid;

/// The conversations as a holder.
pub struct Conversations;

#[async_trait]
impl Holder for Conversations {
    fn name(&self) -> &'static str {
        "advisor"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn hide(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        // A member's own words stay the member's until the erasure is final.
        Ok(())
    }

    async fn restore(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn export(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        // What members asked about their business is not the contact's.
        Ok(Vec::new())
    }

    async fn erase(&self, tx: &mut OrgTx, _traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let done =
            sqlx::query("delete from advisor_threads where org_id = $1").bind(tx.org()).execute(tx.conn()).await?;
        Ok(vec![Removed::new("advisor_threads (of the organisation)", done.rows_affected())])
    }

    async fn expire(&self, tx: &mut OrgTx, expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let done = sqlx::query(
            "delete from advisor_threads where org_id = $1 and id = any(array(select id from advisor_threads \
               where org_id = $1 and updated_at < $2 limit $3))",
        )
        .bind(tx.org())
        .bind(expiry.ai)
        .bind(expiry.most)
        .execute(tx.conn())
        .await?;
        Ok(vec![Removed::new("advisor_threads", done.rows_affected())])
    }

    fn openers(&self) -> Vec<Opener> {
        vec![
            Opener::sealed("advisor_threads", "title", |vault, row, sealed| {
                vault.open(&format!("advisor_messages/{}", row.get("id")?.as_str()?), sealed).ok()
            }),
            Opener::sealed("advisor_messages", "content", |vault, row, sealed| {
                vault.open(&format!("advisor_messages/{}", row.get("thread_id")?.as_str()?), sealed).ok()
            }),
        ]
    }
}
