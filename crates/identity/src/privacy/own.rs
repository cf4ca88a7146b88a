//! What the requests themselves keep of contacts: export files, the reasons of holds, consent.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::ExportId;
use kernel::privacy::{Expiry, Holder, Opener, Removed, Sheet, Traces};
use uuid::Uuid;

use super::file::file_place;

/// This module as a holder.
pub struct Requests;

#[async_trait]
impl Holder for Requests {
    fn name(&self) -> &'static str {
        "identity"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    /// Files that were made already are destroyed: a copy must not outlive what it shows.
    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        sqlx::query(
            "update privacy_exports set state = 'expired', content = null, link_hash = null \
             where org_id = $1 and contact_id = any($2) and state = 'ready'",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    async fn restore(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn export(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        let consents = Sheet::read(
            tx,
            "consents",
            "select jsonb_build_object('at', at, 'kind', kind, 'channel', channel, 'granted', granted, 'source', source, \
               'text_version', text_version, 'evidence', evidence) \
             from consent_records where org_id = $1 and contact_id = any($2) order by id",
            &traces.contact_ids(),
        )
        .await?;
        Ok(vec![consents])
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let mut removed = Vec::new();
        for table in ["privacy_exports", "consent_records", "legal_holds"] {
            let sql = format!("delete from {table} where org_id = $1 and contact_id = any($2)");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(traces.contact_ids());
            removed.push(Removed::new(table, query.execute(tx.conn()).await?.rows_affected()));
        }
        Ok(removed)
    }

    async fn expire(&self, tx: &mut OrgTx, _expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let done = sqlx::query(
            "update privacy_exports set state = 'expired', content = null, link_hash = null \
             where org_id = $1 and state = 'ready' and link_until <= $2",
        )
        .bind(tx.org())
        .bind(tx.clock().now())
        .execute(tx.conn())
        .await?;
        Ok(vec![Removed::new("privacy_exports", done.rows_affected())])
    }

    fn openers(&self) -> Vec<Opener> {
        vec![Opener::sealed("privacy_exports", "content", |vault, row, sealed| {
            let id: Uuid = row.get("id")?.as_str()?.parse().ok()?;
            vault.open(&file_place(ExportId::from_uuid(id)), sealed).ok()
        })]
    }
}
