//! What contacts do to messages that are already there: react, take back, edit.

use chrono::{DateTime, Utc};
use connectors::channel::{Item, Kind};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ConversationId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde_json::{Value, json};

use super::write::clean;

/// A change of one message, named by the platform's id.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    channel: ChannelId,
    mid: String,
    at: DateTime<Utc>,
    /// The emoji; empty takes the reaction away.
    reaction: Option<String>,
    deleted: bool,
    text: Option<String>,
}

impl Mark {
    /// Reads an event as a mark.
    pub(super) fn of(channel: ChannelId, item: &Item) -> Option<Self> {
        let mark =
            |mid: &str| Self { channel, mid: mid.to_owned(), at: item.at, reaction: None, deleted: false, text: None };
        match &item.kind {
            Kind::Reaction(reaction) => {
                let emoji = if reaction.removed {
                    String::new()
                } else {
                    reaction.emoji.clone().unwrap_or_else(|| "❤".to_owned())
                };
                Some(Self { reaction: Some(clean(&emoji)), ..mark(&reaction.mid) })
            }
            Kind::Deleted { mid } => Some(Self { deleted: true, ..mark(mid) }),
            Kind::Edited { mid, text: Some(text) } => Some(Self { text: Some(clean(text)), ..mark(mid) }),
            _ => None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Marked {
    id: MessageId,
    conversation_id: ConversationId,
    deleted: bool,
}

/// Applies marks with one statement. A message taken back loses its text and attachments: the contact wanted it gone.
pub(super) async fn apply(tx: &mut OrgTx, marks: &[Mark]) -> Result<(), sqlx::Error> {
    if marks.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = marks
        .iter()
        .map(|mark| {
            json!({ "channel_id": mark.channel.uuid(), "mid": mark.mid, "at": mark.at, "reaction": mark.reaction, "deleted": mark.deleted, "body": mark.text })
        })
        .collect();
    let marked: Vec<Marked> = sqlx::query_as(
        "with n as (select distinct on (channel_id, mid) * from jsonb_to_recordset($2) as n (channel_id uuid, mid text, \
             at timestamptz, reaction text, deleted boolean, body text) order by channel_id, mid, at desc) \
         update messages m set reaction = case when n.reaction is null then m.reaction else nullif(n.reaction, '') end, \
           deleted_at = case when n.deleted then n.at else m.deleted_at end, \
           body = case when n.deleted then '' else coalesce(n.body, m.body) end, \
           attachments = case when n.deleted then '[]' else m.attachments end \
         from n where m.org_id = $1 and m.channel_id = n.channel_id and m.platform_id = n.mid \
         returning m.id, m.conversation_id, n.deleted",
    )
    .bind(tx.org())
    .bind(Value::Array(rows))
    .fetch_all(tx.conn())
    .await?;
    for Marked { id, conversation_id, deleted } in marked {
        let fact = if deleted {
            Fact::MessageDeleted { conversation: conversation_id, message: id }
        } else {
            Fact::MessageReaction { conversation: conversation_id, message: id }
        };
        tx.append(Event::new(Subject::Conversation(conversation_id), Actor::System, fact));
    }
    Ok(())
}
