//! Writing to a contact unasked, for whoever wins back what was lost: within the channel's window, the contact's word, quiet
//! hours and the pen. What is queued goes the way of every message.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Subject, Writer};
use serde_json::Value;

use crate::ingest::{NewMessage, clean, insert, lock_by_id};
use crate::sending::SendJob;
use crate::sending::policy::{Facts, Outgoing, judge};
use crate::settings::{AutoReply, load};

/// How a contact stands in their conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// They asked not to be written to, on some channel.
    pub opted_out: bool,
    /// Waiting would do harm.
    pub urgent: bool,
    /// Lawyers, regulators or rights were named: a person decides what is said.
    pub regulated: bool,
}

/// What came of the wish to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The message is queued.
    Queued(MessageId),
    /// It is quiet until then.
    Quiet(DateTime<Utc>),
    /// No conversation takes a message now: the window is closed, a person holds the pen, or there is none.
    NoChannel,
}

/// How contacts stand; one who never wrote is missing.
pub async fn standing(tx: &mut OrgTx, contacts: &[ContactId]) -> Result<HashMap<ContactId, Standing>, sqlx::Error> {
    let ids: Vec<uuid::Uuid> = contacts.iter().map(|contact| contact.uuid()).collect();
    let rows: Vec<(ContactId, bool, bool, bool)> = sqlx::query_as(
        "select contact_id, bool_or(opted_out), \
           bool_or(status <> 'closed' and (coalesce(urgency, '') = 'critical' or coalesce(escalation, '') = 'upset_and_critical')), \
           bool_or(status <> 'closed' and coalesce(escalation, '') = 'legal') \
         from conversations where org_id = $1 and contact_id = any($2) group by contact_id",
    )
    .bind(tx.org())
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let standing = |(contact, opted_out, urgent, regulated)| (contact, Standing { opted_out, urgent, regulated });
    Ok(rows.into_iter().map(standing).collect())
}

/// Queues a message to a contact in the conversation where they wrote last, within the transaction.
pub async fn write(tx: &mut OrgTx, contact: ContactId, text: &str) -> anyhow::Result<Written> {
    let now = tx.clock().now();
    let quiet = load::<AutoReply>(tx).await?.quiet_hours.and_then(|hours| hours.until(now));
    if let Some(until) = quiet {
        return Ok(Written::Quiet(until));
    }
    let latest: Option<ConversationId> = sqlx::query_scalar(
        "select c.id from conversations c join channels h on h.org_id = c.org_id and h.id = c.channel_id \
         where c.org_id = $1 and c.contact_id = $2 and c.holder = 'bot' and not c.opted_out and h.status = 'connected' \
         order by c.last_inbound_at desc nulls last, c.id limit 1",
    )
    .bind(tx.org())
    .bind(contact)
    .fetch_optional(tx.conn())
    .await?;
    let Some(id) = latest else { return Ok(Written::NoChannel) };
    let Some(conv) = lock_by_id(tx, &[id.uuid()]).await?.pop() else { return Ok(Written::NoChannel) };
    let facts = Facts { kind: conv.kind(), window_from: conv.window_from, opted_out: conv.opted_out, connected: true };
    let outgoing = Outgoing { body: text, template: false, by_person: false };
    if conv.holder != "bot" || !judge(&facts, &outgoing, now).is_allowed() {
        return Ok(Written::NoChannel);
    }
    let message = MessageId::new(tx.clock());
    let new = NewMessage {
        id: message,
        conversation: id,
        turn: conv.turn,
        channel: conv.channel_id,
        outbound: true,
        writer: "bot",
        author: None,
        platform_id: None,
        kind: "text",
        body: clean(text),
        attachments: Value::Array(Vec::new()),
        reply_to: None,
        state: "queued",
        meaningful: true,
        fence: Some(conv.fence),
        decision: None,
        sources: None,
        at: now,
        send_after: None,
        template: None,
        tag: None,
    };
    insert(tx, &[new]).await?;
    tx.append(Event::new(
        Subject::Conversation(id),
        Actor::System,
        Fact::MessageQueued { conversation: id, message, writer: Writer::Bot },
    ));
    tx.enqueue(SendJob::of(message, id));
    Ok(Written::Queued(message))
}
