//! Before the call: who holds the pen, what the platform allows, and the mark that a send is under way.

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, ConversationId, MessageId};
use serde_json::Value;
use uuid::Uuid;

use super::policy::{Facts, Outgoing, Verdict, judge};

/// An outbound message with everything its sending needs.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Parcel {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// The turn it answers.
    pub turn: i64,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub kind: String,
    pub account_id: String,
    pub channel_status: String,
    pub token: Option<Vec<u8>>,
    pub token_secret: Option<Vec<u8>>,
    /// As rows hold it; opened for the call.
    pub recipient: String,
    pub recipient_sealed: Option<Vec<u8>>,
    pub writer: String,
    pub body: String,
    pub attachments: Value,
    pub template: Option<Value>,
    pub reply_to: Option<String>,
    pub state: String,
    pub fence: Option<i64>,
    pub meaningful: bool,
    pub announced: bool,
    pub sending_since: Option<DateTime<Utc>>,
    pub holder: String,
    pub conversation_fence: i64,
    pub window_from: Option<DateTime<Utc>>,
    pub opted_out: bool,
    #[sqlx(skip)]
    pub human_agent: bool,
}

impl Parcel {
    /// The kind of its channel.
    pub(super) fn channel(&self) -> ChannelKind {
        // The column only ever holds a kind's own word.
        self.kind.parse().unwrap_or(ChannelKind::Webchat)
    }

    /// Whether the bot made it under an older fence, or a person holds the pen now.
    pub(super) fn lost_the_pen(&self) -> bool {
        self.writer == "bot" && (self.holder != "bot" || self.fence != Some(self.conversation_fence))
    }

    /// What the platform's rules say of it now.
    pub(super) fn verdict(&self, now: DateTime<Utc>) -> Verdict {
        let facts = Facts {
            kind: self.channel(),
            window_from: self.window_from,
            opted_out: self.opted_out,
            connected: self.channel_status == "connected",
        };
        judge(
            &facts,
            &Outgoing { body: &self.body, template: self.template.is_some(), by_person: self.writer == "human" },
            now,
        )
    }
}

/// Loads messages with their conversations locked against a change of hands until the transaction ends.
///
/// Locks go conversations first, then messages, as everywhere.
pub(super) async fn load(tx: &mut OrgTx, messages: &[Uuid]) -> Result<Vec<Parcel>, sqlx::Error> {
    sqlx::query("select 1 from conversations where org_id = $1 and id = any(array(select conversation_id from messages where org_id = $1 and id = any($2))) order by id for share")
        .bind(tx.org())
        .bind(messages)
        .execute(tx.conn())
        .await?;
    sqlx::query_as(
        "select m.id, m.conversation_id, m.turn, m.channel_id, c.contact_id, h.kind, h.account_id, h.status as channel_status, h.token, h.token_secret, \
           c.recipient, c.recipient_sealed, m.writer, m.body, m.attachments, m.template, m.reply_to, m.state, m.fence, m.meaningful, m.announced, \
           m.sending_since, c.holder, c.fence as conversation_fence, c.window_from, c.opted_out \
         from messages m \
         cross join lateral (select * from conversations f where f.org_id = $1 and f.id = m.conversation_id offset 0) c \
         cross join lateral (select * from channels f where f.org_id = $1 and f.id = m.channel_id offset 0) h \
         where m.org_id = $1 and m.id = any($2) order by m.id for update of m",
    )
    .bind(tx.org())
    .bind(messages)
    .fetch_all(tx.conn())
    .await
}

/// Marks messages as under way. From here on a crash leaves them in doubt.
pub(super) async fn mark_sending(tx: &mut OrgTx, messages: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query("update messages set state = 'sending', sending_since = $3 where org_id = $1 and id = any($2)")
        .bind(tx.org())
        .bind(messages)
        .bind(tx.clock().now())
        .execute(tx.conn())
        .await?;
    Ok(())
}
