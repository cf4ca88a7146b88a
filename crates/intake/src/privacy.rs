//! What the intake keeps of people outside: rows and bodies that could not be read, and the first rows of files. None of it is
//! found by person, because it was never understood; so an erasure empties all of it, and it goes by itself after a month.

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{RunId, UploadId};
use kernel::privacy::{Expiry, Holder, Opener, Removed, Sheet, Traces};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::core::folder;
use crate::{files, rejects, webhook};

/// The intake as a holder.
pub struct Leftovers(Kernel);

impl Leftovers {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self(kernel)
    }

    async fn empty(&self, tx: &mut OrgTx) -> anyhow::Result<Vec<Removed>> {
        let mut removed = Vec::new();
        for table in ["intake_rejects", "intake_refusals"] {
            let query = format!("delete from {table} where org_id = $1");
            let done = sqlx::query(sqlx::AssertSqlSafe(query)).bind(tx.org()).execute(tx.conn()).await?;
            removed.push(Removed::new(table, done.rows_affected()));
        }
        let now = tx.clock().now();
        let gone = files::store::sweep(tx, now + chrono::TimeDelta::days(1)).await?;
        // The files go now, whether the transaction commits or not: without their rows nothing can read them.
        for id in &gone {
            files::forget_in(&folder(&self.0, tx.org()), *id).await;
        }
        removed.push(Removed::new("intake_files", gone.len() as u64));
        Ok(removed)
    }
}

#[async_trait]
impl Holder for Leftovers {
    fn name(&self) -> &'static str {
        "intake"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn hide(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        // Sealed, and shown to nobody but who exports it.
        Ok(())
    }

    async fn restore(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn export(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        // What was never understood cannot be told to belong to anybody.
        Ok(Vec::new())
    }

    async fn erase(&self, tx: &mut OrgTx, _traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        self.empty(tx).await
    }

    async fn expire(&self, tx: &mut OrgTx, expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let mut removed = Vec::new();
        for table in ["intake_rejects", "intake_refusals"] {
            let query = format!(
                "delete from {table} where org_id = $1 and ctid = any(array(select ctid from {table} where org_id = $1 and at < $2 limit $3))"
            );
            let done = sqlx::query(sqlx::AssertSqlSafe(query))
                .bind(tx.org())
                .bind(expiry.receipts)
                .bind(expiry.most)
                .execute(tx.conn())
                .await?;
            removed.push(Removed::new(table, done.rows_affected()));
        }
        Ok(removed)
    }

    fn openers(&self) -> Vec<Opener> {
        vec![
            Opener::sealed("intake_rejects", "sealed", |vault, row, sealed| {
                let (run, seq) = (RunId::from_uuid(uuid(row, "run_id")?), row.get("seq")?.as_i64()?);
                vault.open(&rejects::place(run, seq), sealed).ok()
            }),
            Opener::sealed("intake_refusals", "sealed", |vault, row, sealed| {
                vault.open(&webhook::place(uuid(row, "id")?), sealed).ok()
            }),
            Opener::sealed("intake_files", "preview", |vault, row, sealed| {
                vault.open(&files::store::place(UploadId::from_uuid(uuid(row, "id")?)), sealed).ok()
            }),
        ]
    }
}

fn uuid(row: &Map<String, Value>, column: &str) -> Option<Uuid> {
    row.get(column)?.as_str()?.parse().ok()
}
