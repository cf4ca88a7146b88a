//! The rows the scorer reads and writes, for many contacts at once.

use std::collections::{HashMap, HashSet};

use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, LeadId};
use kernel::ledger::Signal;
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
    let mut rows = LeadRows::default();
    for lead in leads {
        rows.push(lead);
    }
    sqlx::query(
        "insert into leads (org_id, id, contact_id, conversation_id, channel_kind, signals, score, tag, tag_by, topic, intent) \
         select $1, n.* from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $7::int[], $8::text[], $9::text[], \
           $10::text[], $11::text[]) as n \
         on conflict (org_id, id) do update set signals = excluded.signals, score = excluded.score, tag = excluded.tag, \
           tag_at = case when leads.tag = excluded.tag then leads.tag_at else now() end, \
           topic = excluded.topic, intent = excluded.intent, conversation_id = excluded.conversation_id, updated_at = now()",
    )
    .bind(tx.org())
    .bind(rows.ids)
    .bind(rows.contacts)
    .bind(rows.conversations)
    .bind(rows.channels)
    .bind(rows.signals)
    .bind(rows.scores)
    .bind(rows.tags)
    .bind(rows.tags_by)
    .bind(rows.topics)
    .bind(rows.intents)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The columns of leads to write, one array each, in the order of the statement.
#[derive(Default)]
struct LeadRows<'a> {
    ids: Vec<Uuid>,
    contacts: Vec<Uuid>,
    conversations: Vec<Option<Uuid>>,
    channels: Vec<Option<&'a str>>,
    signals: Vec<Json<&'a [Signal]>>,
    scores: Vec<i32>,
    tags: Vec<&'a str>,
    tags_by: Vec<&'a str>,
    topics: Vec<Option<&'a str>>,
    intents: Vec<Option<&'a str>>,
}

impl<'a> LeadRows<'a> {
    fn push(&mut self, lead: &'a Scored) {
        self.ids.push(lead.id.uuid());
        self.contacts.push(lead.contact.uuid());
        self.conversations.push(lead.conversation.map(ConversationId::uuid));
        self.channels.push(lead.channel.as_deref());
        self.signals.push(Json(lead.signals.as_slice()));
        self.scores.push(lead.score);
        self.tags.push(&lead.tag);
        self.tags_by.push(&lead.tag_by);
        self.topics.push(lead.topic.as_deref());
        self.intents.push(lead.intent.as_deref());
    }
}
