//! What contacts do to messages that are already there: react, take back, edit.

use chrono::{DateTime, Utc};
use connectors::channel::{Item, Kind};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ConversationId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use uuid::Uuid;

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
    let mut rows = MarkRows::default();
    for mark in marks {
        rows.push(mark);
    }
    let marked: Vec<Marked> = sqlx::query_as(
        // Each message is looked up by the key of its platform id and then fetched by its own, whatever the statistics say.
        "with told as (select distinct on (channel_id, mid) * from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::text[], \
             $6::boolean[], $7::text[]) as n (channel_id, mid, at, reaction, deleted, body) order by channel_id, mid, at desc), \
           n as (select f.id, t.* from told t cross join lateral (select m.id from messages m \
             where m.org_id = $1 and m.channel_id = t.channel_id and m.platform_id = t.mid offset 0) f) \
         update messages m set reaction = case when n.reaction is null then m.reaction else nullif(n.reaction, '') end, \
           deleted_at = case when n.deleted then n.at else m.deleted_at end, \
           body = case when n.deleted then '' else coalesce(n.body, m.body) end, \
           attachments = case when n.deleted then '[]' else m.attachments end \
         from n where m.org_id = $1 and m.id = any(array(select id from n)) and m.id = n.id \
         returning m.id, m.conversation_id, n.deleted",
    )
    .bind(tx.org())
    .bind(rows.channels)
    .bind(rows.mids)
    .bind(rows.at)
    .bind(rows.reactions)
    .bind(rows.deleted)
    .bind(rows.bodies)
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

/// The columns of marks, one array each.
#[derive(Default)]
struct MarkRows<'a> {
    channels: Vec<Uuid>,
    mids: Vec<&'a str>,
    at: Vec<DateTime<Utc>>,
    reactions: Vec<Option<&'a str>>,
    deleted: Vec<bool>,
    bodies: Vec<Option<&'a str>>,
}

impl<'a> MarkRows<'a> {
    fn push(&mut self, mark: &'a Mark) {
        self.channels.push(mark.channel.uuid());
        self.mids.push(&mark.mid);
        self.at.push(mark.at);
        self.reactions.push(mark.reaction.as_deref());
        self.deleted.push(mark.deleted);
        self.bodies.push(mark.text.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use kernel::ids::ContactId;
    use kernel::testing::TestDb;

    use super::*;

    /// What a mark changes of a message: reaction, text, number of attachments, whether it was taken back.
    type Row = (Option<String>, String, i32, bool);

    async fn keep(tx: &mut OrgTx, channel: ChannelId, mids: &[&str]) {
        let conversation = ConversationId::new(tx.clock());
        let contact = ContactId::new(tx.clock());
        sqlx::query(
            "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, last_message_at) \
             values ($1, $2, $3, 'facebook', $4, 'asha', now())",
        )
        .bind(tx.org())
        .bind(conversation)
        .bind(channel)
        .bind(contact)
        .execute(tx.conn())
        .await
        .expect("a thread");
        sqlx::query(
            "insert into messages (org_id, id, conversation_id, channel_id, direction, writer, platform_id, body, attachments, state, at) \
             select $1, gen_random_uuid(), $2, $3, 'inbound', 'contact', mid, 'Hello', '[{}]', 'received', now() \
             from unnest($4::text[]) as n (mid)",
        )
        .bind(tx.org())
        .bind(conversation)
        .bind(channel)
        .bind(mids)
        .execute(tx.conn())
        .await
        .expect("messages");
    }

    async fn row(tx: &mut OrgTx, mid: &str) -> Row {
        sqlx::query_as(
            "select reaction, body, jsonb_array_length(attachments), deleted_at is not null from messages \
             where org_id = $1 and platform_id = $2",
        )
        .bind(tx.org())
        .bind(mid)
        .fetch_one(tx.conn())
        .await
        .expect("the message")
    }

    fn mark(channel: ChannelId, mid: &str, at: i64) -> Mark {
        let at = DateTime::from_timestamp(1_772_841_600 + at, 0).expect("an instant");
        Mark { channel, mid: mid.to_owned(), at, reaction: None, deleted: false, text: None }
    }

    #[tokio::test]
    async fn each_mark_changes_its_own_message_and_the_latest_of_one_counts() {
        let db = TestDb::new().await;
        let kernel = db.kernel().await;
        let org = db.org(&kernel, "Ours").await;
        let mut tx = kernel.db.begin_by_key(org).await.expect("a transaction");
        let channel = ChannelId::new(tx.clock());
        keep(&mut tx, channel, &["m_1", "m_2", "m_3", "m_4"]).await;
        let react = |mid: &str, at, emoji: &str| Mark { reaction: Some(emoji.to_owned()), ..mark(channel, mid, at) };
        let marks = [
            react("m_1", 20, "👍"),
            react("m_1", 10, "❤"),
            Mark { text: Some("Hello there".to_owned()), ..mark(channel, "m_2", 10) },
            Mark { deleted: true, ..mark(channel, "m_3", 10) },
            Mark { deleted: true, ..mark(ChannelId::new(tx.clock()), "m_4", 10) },
            Mark { deleted: true, ..mark(channel, "m_99", 10) },
        ];
        apply(&mut tx, &marks).await.expect("marks");
        assert_eq!(row(&mut tx, "m_1").await, (Some("👍".into()), "Hello".into(), 1, false));
        assert_eq!(row(&mut tx, "m_2").await, (None, "Hello there".into(), 1, false));
        assert_eq!(row(&mut tx, "m_3").await, (None, String::new(), 0, true));
        assert_eq!(row(&mut tx, "m_4").await, (None, "Hello".into(), 1, false));
        apply(&mut tx, &[react("m_1", 30, "")]).await.expect("marks");
        assert_eq!(row(&mut tx, "m_1").await.0, None, "taken away again");
    }
}
