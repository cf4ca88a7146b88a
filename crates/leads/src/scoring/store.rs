//! The rows the scorer reads and writes, for many contacts at once.

use std::collections::{HashMap, HashSet};

use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, LeadId};
use kernel::ledger::Signal;
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

/// An open lead while it is scored.
#[derive(Clone, Debug)]
pub(super) struct Scored {
    pub id: LeadId,
    pub contact: ContactId,
    pub conversation: Option<ConversationId>,
    pub channel: Option<String>,
    pub signals: Vec<Signal>,
    pub score: i32,
    pub tag: String,
    pub tag_by: String,
    pub topic: Option<String>,
    pub intent: Option<String>,
    pub is_new: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: LeadId,
    contact_id: ContactId,
    conversation_id: Option<ConversationId>,
    channel_kind: Option<String>,
    signals: Json<Vec<Signal>>,
    score: i32,
    tag: String,
    tag_by: String,
    topic: Option<String>,
    intent: Option<String>,
}

/// Those of the contacts that are there: a fact may be read after its contact was hidden or erased.
pub(super) async fn present(tx: &mut OrgTx, contacts: &[ContactId]) -> Result<HashSet<ContactId>, sqlx::Error> {
    let ids: Vec<Uuid> = contacts.iter().map(|id| id.uuid()).collect();
    let there: Vec<ContactId> = sqlx::query_scalar("select id from contacts where org_id = $1 and id = any($2)")
        .bind(tx.org())
        .bind(ids)
        .fetch_all(tx.conn())
        .await?;
    Ok(there.into_iter().collect())
}

/// The open leads of contacts, locked.
pub(super) async fn open_leads(
    tx: &mut OrgTx,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, Scored>, sqlx::Error> {
    let ids: Vec<Uuid> = contacts.iter().map(|id| id.uuid()).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select id, contact_id, conversation_id, channel_kind, signals, score, tag, tag_by, topic, intent from leads \
         where org_id = $1 and contact_id = any($2) and closed_at is null order by id for update",
    )
    .bind(tx.org())
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.contact_id, scored(row))).collect())
}

fn scored(row: Row) -> Scored {
    let Row { id, contact_id, conversation_id, channel_kind, signals, score, tag, tag_by, topic, intent } = row;
    Scored {
        id,
        contact: contact_id,
        conversation: conversation_id,
        channel: channel_kind,
        signals: signals.0,
        score,
        tag,
        tag_by,
        topic,
        intent,
        is_new: false,
    }
}

/// Writes new and changed leads with one statement.
pub(super) async fn save(tx: &mut OrgTx, leads: &[&Scored]) -> Result<(), sqlx::Error> {
    if leads.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = leads
        .iter()
        .map(|lead| {
            json!({
                "id": lead.id.uuid(), "contact_id": lead.contact.uuid(), "conversation_id": lead.conversation.map(ConversationId::uuid),
                "channel_kind": lead.channel, "signals": lead.signals, "score": lead.score, "tag": lead.tag, "tag_by": lead.tag_by,
                "topic": lead.topic, "intent": lead.intent,
            })
        })
        .collect();
    sqlx::query(
        "insert into leads (org_id, id, contact_id, conversation_id, channel_kind, signals, score, tag, tag_by, topic, intent) \
         select $1, n.* from jsonb_to_recordset($2) as n (id uuid, contact_id uuid, conversation_id uuid, channel_kind text, \
           signals jsonb, score int, tag text, tag_by text, topic text, intent text) \
         on conflict (org_id, id) do update set signals = excluded.signals, score = excluded.score, tag = excluded.tag, \
           tag_at = case when leads.tag = excluded.tag then leads.tag_at else now() end, \
           topic = excluded.topic, intent = excluded.intent, conversation_id = excluded.conversation_id, updated_at = now()",
    )
    .bind(tx.org())
    .bind(Value::Array(rows))
    .execute(tx.conn())
    .await?;
    Ok(())
}
