//! What the desk reads. Every query leads with the organisation and an index that ends in its order.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, ConversationId, DecisionId, LeadId, MemberId, MessageId};
use serde_json::Value;
use uuid::Uuid;

/// A conversation as the desk shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ConversationRow {
    pub id: ConversationId,
    pub channel_id: ChannelId,
    pub channel_kind: String,
    pub contact_id: ContactId,
    pub status: String,
    pub holder: String,
    pub assignee_id: Option<MemberId>,
    pub snoozed_until: Option<DateTime<Utc>>,
    pub language: Option<String>,
    pub escalation: Option<String>,
    pub last_message_at: DateTime<Utc>,
    pub waiting_since: Option<DateTime<Utc>>,
    pub window_from: Option<DateTime<Utc>>,
    pub preview: String,
    pub last_writer: String,
    pub unread: i32,
    pub lead_id: Option<LeadId>,
    pub lead_tag: Option<String>,
    pub lead_score: Option<i32>,
    pub sentiment: Option<String>,
    pub urgency: Option<String>,
    pub opted_out: bool,
    pub created_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, channel_id, channel_kind, contact_id, status, holder, assignee_id, snoozed_until, language, escalation, \
    last_message_at, waiting_since, window_from, preview, last_writer, unread, lead_id, lead_tag, lead_score, sentiment, urgency, \
    opted_out, created_at";

/// Which conversations to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub status: Option<String>,
    /// Neither closed nor snoozed.
    pub active: bool,
    pub assignee: Option<Uuid>,
    pub unassigned: bool,
    pub channel: Option<String>,
    pub tag: Option<String>,
    /// Only these, when something was searched for.
    pub among: Option<Vec<Uuid>>,
    pub after: Option<(DateTime<Utc>, ConversationId)>,
    pub limit: i64,
}

/// Conversations, the one with the latest message first.
pub(crate) async fn list_rows(tx: &mut OrgTx, wanted: &Wanted) -> Result<Vec<ConversationRow>, sqlx::Error> {
    let mut query = sqlx::QueryBuilder::new(format!("select {COLUMNS} from conversations where org_id = "));
    query.push_bind(tx.org());
    if let Some(status) = &wanted.status {
        query.push(" and status = ").push_bind(status);
    }
    if wanted.active {
        query.push(" and status in ('open', 'needs_human')");
    }
    if let Some(assignee) = wanted.assignee {
        query.push(" and assignee_id = ").push_bind(assignee);
    }
    if wanted.unassigned {
        query.push(" and assignee_id is null");
    }
    if let Some(channel) = &wanted.channel {
        query.push(" and channel_kind = ").push_bind(channel);
    }
    if let Some(tag) = &wanted.tag {
        query.push(" and lead_tag = ").push_bind(tag);
    }
    if let Some(among) = &wanted.among {
        query.push(" and id = any(").push_bind(among).push(")");
    }
    if let Some((at, id)) = wanted.after {
        query.push(" and (last_message_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by last_message_at desc, id desc limit ").push_bind(wanted.limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// One conversation.
pub(crate) async fn one(tx: &mut OrgTx, id: ConversationId) -> Result<Option<ConversationRow>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from conversations where org_id = $1 and id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Conversations whose messages match a query of words, the latest match first.
pub(crate) async fn matching(tx: &mut OrgTx, words: &str, limit: i32) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select conversation_id from recoup_search_messages($1, null, $2)")
        .bind(words)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

/// Conversations with contacts.
pub(crate) async fn of_contacts(tx: &mut OrgTx, contacts: &[ContactId]) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = contacts.iter().map(|id| id.uuid()).collect();
    sqlx::query_scalar("select id from conversations where org_id = $1 and contact_id = any($2)")
        .bind(tx.org())
        .bind(ids)
        .fetch_all(tx.conn())
        .await
}

/// A message as the desk shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct MessageRow {
    pub id: MessageId,
    pub direction: String,
    pub writer: String,
    pub author_id: Option<Uuid>,
    pub kind: String,
    pub body: String,
    pub attachments: Value,
    pub state: String,
    pub state_code: Option<String>,
    pub state_detail: Option<String>,
    pub decision_id: Option<DecisionId>,
    pub sources: Option<Value>,
    pub reaction: Option<String>,
    pub at: DateTime<Utc>,
    pub send_after: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A conversation's messages, newest first, below a cursor.
pub(crate) async fn message_rows(
    tx: &mut OrgTx,
    conversation: ConversationId,
    after: Option<(DateTime<Utc>, MessageId)>,
    limit: i64,
) -> Result<Vec<MessageRow>, sqlx::Error> {
    sqlx::query_as(
        "select id, direction, writer, author_id, kind, body, attachments, state, state_code, state_detail, decision_id, sources, \
           reaction, at, send_after, sent_at, delivered_at, read_at, deleted_at from messages \
         where org_id = $1 and conversation_id = $2 and ($3::timestamptz is null or (at, id) < ($3, $4)) \
         order by at desc, id desc limit $5",
    )
    .bind(tx.org())
    .bind(conversation)
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}
