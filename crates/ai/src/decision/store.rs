//! Decision records in the database.

use chrono::{DateTime, Utc};
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{ConversationId, DecisionId, MessageId, OrgId};

use super::{Decision, DecisionRow};

/// What a list of decisions shows; nothing of it is personal.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct DecisionSummary {
    /// Which.
    pub id: DecisionId,
    /// When.
    pub at: DateTime<Utc>,
    /// What kind.
    pub kind: String,
    /// About which message.
    pub message_id: Option<MessageId>,
    /// Who answered.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// What came of it.
    pub outcome: String,
    /// How sure.
    pub confidence: Option<f32>,
    /// In millionths of a US dollar.
    pub cost_micros: i64,
    /// All stages together.
    pub latency_us: i64,
}

const SUMMARY: &str = "id, at, kind, message_id, provider, model, outcome, confidence, cost_micros, latency_us";

/// Writes many records with one statement. A record that is there already is left as it is, so a repeated job is harmless.
pub async fn insert_many(tx: &mut OrgTx, rows: &[DecisionRow]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&DecisionRow) -> i64| rows.iter().map(of).collect::<Vec<_>>();
    let text = |of: fn(&DecisionRow) -> &str| rows.iter().map(of).collect::<Vec<_>>();
    // Arrays of arrays must be rectangular in PostgreSQL, so the chunks travel as JSON.
    let chunks: Vec<_> = rows
        .iter()
        .map(|row| serde_json::json!({"ids": row.chunk_ids, "hashes": row.chunk_hashes.iter().map(hex::encode).collect::<Vec<_>>()}))
        .collect();
    sqlx::query(
        "insert into ai_decisions (org_id, id, at, kind, conversation_id, message_id, policy, provider, model, outcome,
             confidence, tokens_in, tokens_out, cost_micros, latency_us, chunk_ids, chunk_hashes, sealed)
         select $1, r.id, r.at, r.kind, r.conversation_id, r.message_id, r.policy, r.provider, r.model, r.outcome,
             r.confidence, r.tokens_in, r.tokens_out, r.cost_micros, r.latency_us,
             coalesce((select array_agg(c::uuid order by n) from jsonb_array_elements_text(r.chunks->'ids') with ordinality x(c, n)), '{}'),
             coalesce((select array_agg(decode(c, 'hex') order by n) from jsonb_array_elements_text(r.chunks->'hashes') with ordinality x(c, n)), '{}'),
             r.sealed
         from unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[],
             $10::text[], $11::real[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::jsonb[], $17::bytea[])
             as r(id, at, kind, conversation_id, message_id, policy, provider, model, outcome, confidence, tokens_in,
                  tokens_out, cost_micros, latency_us, chunks, sealed)
         on conflict (org_id, id) do nothing",
    )
    .bind(tx.org())
    .bind(rows.iter().map(|row| row.id.uuid()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.at).collect::<Vec<_>>())
    .bind(text(|row| &row.kind))
    .bind(rows.iter().map(|row| row.conversation_id.map(ConversationId::uuid)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.message_id.map(MessageId::uuid)).collect::<Vec<_>>())
    .bind(text(|row| &row.policy))
    .bind(text(|row| &row.provider))
    .bind(text(|row| &row.model))
    .bind(text(|row| &row.outcome))
    .bind(rows.iter().map(|row| row.confidence).collect::<Vec<_>>())
    .bind(column(|row| row.tokens_in))
    .bind(column(|row| row.tokens_out))
    .bind(column(|row| row.cost_micros))
    .bind(column(|row| row.latency_us))
    .bind(chunks)
    .bind(rows.iter().map(|row| row.sealed.as_slice()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// One record; `None` when there is none in this organisation.
pub async fn load(tx: &mut OrgTx, id: DecisionId) -> Result<Option<DecisionRow>, sqlx::Error> {
    let org = tx.org();
    sqlx::query_as("select * from ai_decisions where org_id = $1 and id = $2")
        .bind(org)
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// One record, opened; `None` when there is none in this organisation.
pub async fn read(kernel: &Kernel, org: OrgId, id: DecisionId) -> anyhow::Result<Option<Decision>> {
    let mut tx = kernel.db.begin(org).await?;
    let row = load(&mut tx, id).await?;
    drop(tx);
    let Some(row) = row else { return Ok(None) };
    Ok(Some(row.open(&*kernel.vault.of(org).await?)?))
}

/// The newest decisions of a conversation, newest first, older than `before` where it is given.
pub async fn of_conversation(
    tx: &mut OrgTx,
    conversation: ConversationId,
    before: Option<DecisionId>,
    limit: i64,
) -> Result<Vec<DecisionSummary>, sqlx::Error> {
    let org = tx.org();
    let statement = format!(
        "select {SUMMARY} from ai_decisions where org_id = $1 and conversation_id = $2 and ($3::uuid is null or id < $3)
         order by id desc limit $4"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(org)
        .bind(conversation)
        .bind(before.map(DecisionId::uuid))
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}
