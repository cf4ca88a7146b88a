//! Writes messages: inbound ones once each, outbound ones as intents with the job that sends them.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ConversationId, DecisionId, MessageId};
use serde_json::Value;
use uuid::Uuid;

/// A message to write.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub id: MessageId,
    pub conversation: ConversationId,
    /// The turn that an inbound message begins, or that an outbound one answers.
    pub turn: i64,
    pub channel: ChannelId,
    pub outbound: bool,
    pub writer: &'static str,
    pub author: Option<Uuid>,
    pub platform_id: Option<String>,
    pub kind: &'static str,
    pub body: String,
    pub attachments: Value,
    pub reply_to: Option<String>,
    pub state: &'static str,
    pub meaningful: bool,
    pub fence: Option<i64>,
    pub decision: Option<DecisionId>,
    pub sources: Option<Value>,
    pub at: DateTime<Utc>,
    pub send_after: Option<DateTime<Utc>>,
    pub template: Option<Value>,
    pub tag: Option<String>,
}

/// Longest text kept of one message, in characters; platforms allow far less, so nothing real is cut.
const LONGEST: usize = 100_000;

/// A text as the database can hold it: no NUL, not endless.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|&c| c != '\0').take(LONGEST).collect()
}

/// The first words of a text, for a list.
pub(crate) fn preview(text: &str) -> String {
    let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(140).collect()
}

/// Writes messages with one statement; returns the ids of those that were not there yet.
pub(crate) async fn insert(tx: &mut OrgTx, messages: &[NewMessage]) -> Result<Vec<Uuid>, sqlx::Error> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Value> = messages.iter().map(row).collect();
    sqlx::query_scalar(
        "insert into messages (org_id, id, conversation_id, turn, channel_id, direction, writer, author_id, platform_id, kind, body, \
           attachments, reply_to, state, meaningful, fence, decision_id, sources, at, send_after, template, tag, sent_at) \
         select $1, n.id, n.conversation_id, n.turn, n.channel_id, n.direction, n.writer, n.author_id, n.platform_id, n.kind, n.body, \
           coalesce(n.attachments, '[]'), n.reply_to, n.state, n.meaningful, n.fence, n.decision_id, n.sources, n.at, n.send_after, \
           n.template, n.tag, case when n.state = 'sent' then n.at end \
         from jsonb_to_recordset($2) as n (id uuid, conversation_id uuid, turn bigint, channel_id uuid, direction text, writer text, \
           author_id uuid, platform_id text, kind text, body text, attachments jsonb, reply_to text, state text, \
           meaningful boolean, fence bigint, decision_id uuid, sources jsonb, at timestamptz, send_after timestamptz, \
           template jsonb, tag text) \
         on conflict (org_id, channel_id, platform_id) do nothing returning id",
    )
    .bind(tx.org())
    .bind(Value::Array(rows))
    .fetch_all(tx.conn())
    .await
}

fn row(message: &NewMessage) -> Value {
    serde_json::json!({
        "id": message.id.uuid(),
        "conversation_id": message.conversation.uuid(),
        "turn": message.turn,
        "channel_id": message.channel.uuid(),
        "direction": if message.outbound { "outbound" } else { "inbound" },
        "writer": message.writer,
        "author_id": message.author,
        "platform_id": message.platform_id,
        "kind": message.kind,
        "body": message.body,
        "attachments": message.attachments,
        "reply_to": message.reply_to,
        "state": message.state,
        "meaningful": message.meaningful,
        "fence": message.fence,
        "decision_id": message.decision.map(DecisionId::uuid),
        "sources": message.sources,
        "at": message.at,
        "send_after": message.send_after,
        "template": message.template,
        "tag": message.tag,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_made_fit_for_the_database() {
        assert_eq!(clean("a\0b"), "ab");
        assert_eq!(clean(&"é".repeat(200_000)).chars().count(), LONGEST);
        assert_eq!(preview("  two\n\n words  "), "two words");
    }
}
