//! What the views of the ledger keep of contacts: who waits, and how warm a lead is. The daily counts name nobody and stay.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::privacy::{Expiry, Holder, Removed, Sheet, Traces};
use uuid::Uuid;

/// The views as a holder.
pub struct Views;

#[async_trait]
impl Holder for Views {
    fn name(&self) -> &'static str {
        "revenue"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        for (table, key, ids) in places(traces) {
            let sql = format!(
                "update {table} set hidden_at = $3 where org_id = $1 and {key} = any($2) and hidden_at is null"
            );
            let now = tx.clock().now();
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).bind(now).execute(tx.conn()).await?;
        }
        Ok(())
    }

    async fn restore(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        for (table, key, ids) in places(traces) {
            let sql = format!("update {table} set hidden_at = null where org_id = $1 and {key} = any($2)");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).execute(tx.conn()).await?;
        }
        Ok(())
    }

    async fn export(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        // Both repeat what conversations and leads say.
        Ok(Vec::new())
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let mut removed = Vec::new();
        for (table, key, ids) in places(traces) {
            let sql = format!("delete from {table} where org_id = $1 and {key} = any($2)");
            let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).execute(tx.conn()).await?;
            removed.push(Removed::new(table, done.rows_affected()));
        }
        Ok(removed)
    }

    /// Nobody waits for an answer in a conversation that is not kept any more.
    async fn expire(&self, tx: &mut OrgTx, expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let done =
            sqlx::query("delete from open_waits where org_id = $1 and since < $2 and conversation_id <> all($3)")
                .bind(tx.org())
                .bind(expiry.conversations)
                .bind(expiry.held.conversation_ids())
                .execute(tx.conn())
                .await?;
        Ok(vec![Removed::new("open_waits", done.rows_affected())])
    }
}

fn places(traces: &Traces) -> [(&'static str, &'static str, Vec<Uuid>); 2] {
    [("open_waits", "conversation_id", traces.conversation_ids()), ("lead_temperatures", "lead_id", traces.lead_ids())]
}
