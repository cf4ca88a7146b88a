//! Writes messages: inbound ones once each, outbound ones as intents with the job that sends them.

use std::collections::HashSet;

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
    insert_each(tx, &messages.iter().collect::<Vec<_>>()).await
}

/// The same for messages that lie apart.
pub(super) async fn insert_each(tx: &mut OrgTx, messages: &[&NewMessage]) -> Result<Vec<Uuid>, sqlx::Error> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = MessageRows::default();
    for message in messages {
        rows.push(message);
    }
    sqlx::query_scalar(INSERT)
        .bind(tx.org())
        .bind(rows.ids)
        .bind(rows.conversations)
        .bind(rows.turns)
        .bind(rows.channels)
        .bind(rows.directions)
        .bind(rows.writers)
        .bind(rows.authors)
        .bind(rows.platform_ids)
        .bind(rows.kinds)
        .bind(rows.bodies)
        .bind(rows.attachments)
        .bind(rows.replies_to)
        .bind(rows.states)
        .bind(rows.meaningful)
        .bind(rows.fences)
        .bind(rows.decisions)
        .bind(rows.sources)
        .bind(rows.at)
        .bind(rows.send_after)
        .bind(rows.templates)
        .bind(rows.tags)
        .fetch_all(tx.conn())
        .await
}

/// Those of a list that one statement would write where none is there yet: of several with one platform id the first.
pub(super) fn firsts(messages: &[&NewMessage]) -> HashSet<Uuid> {
    let mut seen = HashSet::new();
    let mut firsts = HashSet::new();
    for message in messages {
        let known_as = message.platform_id.as_deref().map(|platform_id| (message.channel, platform_id));
        if known_as.is_none_or(|known_as| seen.insert(known_as)) {
            firsts.insert(message.id.uuid());
        }
    }
    firsts
}

/// Writes messages that are not there yet, from one array a column.
const INSERT: &str = "insert into messages (org_id, id, conversation_id, turn, channel_id, direction, writer, author_id, platform_id, kind, body, \
      attachments, reply_to, state, meaningful, fence, decision_id, sources, at, send_after, template, tag, sent_at) \
    select $1, n.id, n.conversation_id, n.turn, n.channel_id, n.direction, n.writer, n.author_id, n.platform_id, n.kind, n.body, \
      coalesce(n.attachments, '[]'), n.reply_to, n.state, n.meaningful, n.fence, n.decision_id, n.sources, n.at, n.send_after, \
      n.template, n.tag, case when n.state = 'sent' then n.at end \
    from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::uuid[], $9::text[], $10::text[], \
      $11::text[], $12::jsonb[], $13::text[], $14::text[], $15::boolean[], $16::bigint[], $17::uuid[], $18::jsonb[], \
      $19::timestamptz[], $20::timestamptz[], $21::jsonb[], $22::text[]) \
      as n (id, conversation_id, turn, channel_id, direction, writer, author_id, platform_id, kind, body, attachments, reply_to, \
      state, meaningful, fence, decision_id, sources, at, send_after, template, tag) \
    on conflict (org_id, channel_id, platform_id) do nothing returning id";

/// The columns of messages to write, one array each.
#[derive(Default)]
struct MessageRows<'a> {
    ids: Vec<Uuid>,
    conversations: Vec<Uuid>,
    turns: Vec<i64>,
    channels: Vec<Uuid>,
    directions: Vec<&'static str>,
    writers: Vec<&'static str>,
    authors: Vec<Option<Uuid>>,
    platform_ids: Vec<Option<&'a str>>,
    kinds: Vec<&'static str>,
    bodies: Vec<&'a str>,
    attachments: Vec<Option<&'a Value>>,
    replies_to: Vec<Option<&'a str>>,
    states: Vec<&'static str>,
    meaningful: Vec<bool>,
    fences: Vec<Option<i64>>,
    decisions: Vec<Option<Uuid>>,
    sources: Vec<Option<&'a Value>>,
    at: Vec<DateTime<Utc>>,
    send_after: Vec<Option<DateTime<Utc>>>,
    templates: Vec<Option<&'a Value>>,
    tags: Vec<Option<&'a str>>,
}

impl<'a> MessageRows<'a> {
    fn push(&mut self, message: &'a NewMessage) {
        self.ids.push(message.id.uuid());
        self.conversations.push(message.conversation.uuid());
        self.turns.push(message.turn);
        self.channels.push(message.channel.uuid());
        self.directions.push(if message.outbound { "outbound" } else { "inbound" });
        self.writers.push(message.writer);
        self.authors.push(message.author);
        self.platform_ids.push(message.platform_id.as_deref());
        self.kinds.push(message.kind);
        self.bodies.push(&message.body);
        self.attachments.push(told(Some(&message.attachments)));
        self.replies_to.push(message.reply_to.as_deref());
        self.states.push(message.state);
        self.meaningful.push(message.meaningful);
        self.fences.push(message.fence);
        self.decisions.push(message.decision.map(DecisionId::uuid));
        self.sources.push(told(message.sources.as_ref()));
        self.at.push(message.at);
        self.send_after.push(message.send_after);
        self.templates.push(told(message.template.as_ref()));
        self.tags.push(message.tag.as_deref());
    }
}

/// JSON that says something: its null is no value of a column.
fn told(json: Option<&Value>) -> Option<&Value> {
    json.filter(|json| !json.is_null())
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

    #[test]
    fn the_null_of_json_is_no_value_of_a_column() {
        let (null, none) = (Value::Null, Value::Array(Vec::new()));
        assert_eq!(told(Some(&null)), None);
        assert_eq!(told(None), None);
        assert_eq!(told(Some(&none)), Some(&none));
    }
}
