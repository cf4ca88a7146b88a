//! What the AI keeps of contacts: decision records, kept answers, counts of a conversation's tokens.
//!
//! Kept answers and their vectors cannot be told apart by person, so all of the organisation's go: they come back by themselves.

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{ConversationId, DecisionId, MessageId};
use kernel::privacy::{Expiry, Holder, Opener, Removed, Sheet, Traces};
use kernel::vault::OrgVault;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::decision::{DecisionRow, unsealed};
use crate::gateway::cache_place;

/// Decisions in one sheet of an export: far more than a person can have, and a bound on memory.
const MOST: i64 = 20_000;

/// The AI as a holder.
pub struct Records {
    kernel: Kernel,
}

impl Records {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

#[async_trait]
impl Holder for Records {
    fn name(&self) -> &'static str {
        "ai"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        sqlx::query("update ai_decisions set hidden_at = $3 where org_id = $1 and conversation_id = any($2) and hidden_at is null")
            .bind(tx.org())
            .bind(traces.conversation_ids())
            .bind(tx.clock().now())
            .execute(tx.conn())
            .await?;
        empty_cache(tx).await?;
        Ok(())
    }

    async fn restore(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        sqlx::query("update ai_decisions set hidden_at = null where org_id = $1 and conversation_id = any($2)")
            .bind(tx.org())
            .bind(traces.conversation_ids())
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    async fn export(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let rows: Vec<DecisionRow> = sqlx::query_as(
            "select * from ai_decisions where org_id = $1 and conversation_id = any($2) order by id limit $3",
        )
        .bind(tx.org())
        .bind(traces.conversation_ids())
        .bind(MOST)
        .fetch_all(tx.conn())
        .await?;
        let shown = rows.into_iter().map(|row| shown(&vault, &row)).collect::<Result<Vec<_>, _>>()?;
        Ok(vec![Sheet::new("decisions", shown)])
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let decisions = sqlx::query(
            "delete from ai_decisions where org_id = $1 and (conversation_id = any($2) or message_id = any($3) or kind = 'advice')",
        )
        .bind(tx.org())
        .bind(traces.conversation_ids())
        .bind(traces.messages.iter().map(|id| id.uuid()).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?
        .rows_affected();
        let spend = sqlx::query("delete from ai_spend where org_id = $1 and period = any($2)")
            .bind(tx.org())
            .bind(traces.conversations.iter().map(|id| id.uuid().to_string()).collect::<Vec<_>>())
            .execute(tx.conn())
            .await?
            .rows_affected();
        let cached = empty_cache(tx).await?;
        Ok(vec![
            Removed::new("ai_decisions", decisions),
            Removed::new("ai_spend", spend),
            Removed::new("ai_cache (of the organisation)", cached),
        ])
    }

    async fn expire(&self, tx: &mut OrgTx, expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let decisions = sqlx::query(
            "delete from ai_decisions where org_id = $1 and id = any(array(select id from ai_decisions \
               where org_id = $1 and id < recoup_uuid_floor($2) and (conversation_id is null or conversation_id <> all($3)) \
               order by id limit $4))",
        )
        .bind(tx.org())
        .bind(expiry.ai)
        .bind(expiry.held.conversation_ids())
        .bind(expiry.most)
        .execute(tx.conn())
        .await?
        .rows_affected();
        let cached = sqlx::query("delete from ai_cache where org_id = $1 and expires_at <= $2")
            .bind(tx.org())
            .bind(tx.clock().now())
            .execute(tx.conn())
            .await?
            .rows_affected();
        Ok(vec![Removed::new("ai_decisions", decisions), Removed::new("ai_cache", cached)])
    }

    fn openers(&self) -> Vec<Opener> {
        vec![
            Opener::sealed("ai_decisions", "sealed", |vault, row, sealed| {
                let id: Uuid = row.get("id")?.as_str()?.parse().ok()?;
                unsealed(vault, DecisionId::from_uuid(id), sealed).ok()
            }),
            Opener::sealed("ai_cache", "answer", |vault, row, sealed| {
                vault.open(&cache_place(&bytes(row, "context")?, &bytes(row, "question")?), sealed).ok()
            }),
        ]
    }
}

async fn empty_cache(tx: &mut OrgTx) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from ai_cache where org_id = $1").bind(tx.org()).execute(tx.conn()).await?;
    Ok(done.rows_affected())
}

/// A decision with everything it rests on, as the person may read it.
fn shown(vault: &OrgVault, row: &DecisionRow) -> anyhow::Result<Value> {
    let decision = row.open(vault)?;
    Ok(json!({
        "id": row.id.uuid(), "at": row.at, "kind": row.kind, "conversation": row.conversation_id.map(ConversationId::uuid),
        "message": row.message_id.map(MessageId::uuid), "policy": row.policy, "provider": row.provider, "model": row.model,
        "outcome": row.outcome, "confidence": row.confidence, "inputs": decision.inputs,
        "steps": decision.stages.iter().map(|stage| json!({"name": stage.name, "found": stage.output})).collect::<Vec<_>>(),
        "output": decision.result.output,
    }))
}

fn bytes(row: &Map<String, Value>, column: &str) -> Option<Vec<u8>> {
    hex::decode(row.get(column)?.as_str()?.strip_prefix("\\x")?).ok()
}
