//! Kept answers as a holder of what is known of a person.

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::privacy::{Expiry, Holder, Marks, Opener, Removed, Sheet, Traces};
use kernel::vault::OrgVault;
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::store::{KEPT_FOR, TABLES, place};

/// Kept answers as a holder: an answer may show a contact. Those that name the person go, whenever it is asked.
pub struct KeptAnswers {
    kernel: Kernel,
}

impl KeptAnswers {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }

    async fn forget(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Removed>> {
        let mut removed = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            removed.push(Removed::new(table, self.forget_in(table, tx, traces).await?));
        }
        Ok(removed)
    }

    async fn forget_in(&self, table: &'static str, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<u64> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let marks = Marks::of(traces);
        let kept = format!("select actor, key, body from {table} where org_id = $1 and body is not null");
        let rows: Vec<(String, String, Vec<u8>)> =
            sqlx::query_as(AssertSqlSafe(kept)).bind(tx.org()).fetch_all(tx.conn()).await?;
        let mut removed = 0;
        for (actor, key, sealed) in rows {
            let body = vault.open(&place(&actor, &key), &sealed).unwrap_or_default();
            if marks.are_in(&key) || marks.are_in(&String::from_utf8_lossy(&body)) {
                let forget = format!("delete from {table} where org_id = $1 and actor = $2 and key = $3");
                removed += sqlx::query(AssertSqlSafe(forget))
                    .bind(tx.org())
                    .bind(&actor)
                    .bind(&key)
                    .execute(tx.conn())
                    .await?
                    .rows_affected();
            }
        }
        Ok(removed)
    }
}

#[async_trait]
impl Holder for KeptAnswers {
    fn name(&self) -> &'static str {
        "shell"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        self.forget(tx, traces).await.map(drop)
    }

    async fn restore(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn export(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        Ok(Vec::new())
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        self.forget(tx, traces).await
    }

    async fn expire(&self, tx: &mut OrgTx, _expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let before = tx.clock().now() - KEPT_FOR;
        let mut removed = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            let expire = format!("delete from {table} where org_id = $1 and created_at < $2");
            let done = sqlx::query(AssertSqlSafe(expire)).bind(tx.org()).bind(before).execute(tx.conn()).await?;
            removed.push(Removed::new(table, done.rows_affected()));
        }
        Ok(removed)
    }

    fn openers(&self) -> Vec<Opener> {
        TABLES.into_iter().map(|table| Opener::sealed(table, "body", opened)).collect()
    }
}

fn opened(vault: &OrgVault, row: &Map<String, Value>, sealed: &[u8]) -> Option<Vec<u8>> {
    vault.open(&place(row.get("actor")?.as_str()?, row.get("key")?.as_str()?), sealed).ok()
}
