//! A chat comes before people: its conversation with all that was said, once each, and the pen at people.

use std::collections::HashSet;

use ai::decision::Decision;
use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ChatId, ContactId, ConversationId, MessageId, NoteId};
use kernel::ledger::{Actor, Event, Fact, Subject, Writer};
use kernel::vault::OrgVault;
use serde_json::Value;
use uuid::Uuid;

use super::account;
use crate::contacts::Person;
use crate::core::Core;
use crate::handoff::record_takeover;
use crate::ingest::apply::{history, read_stages, receive, to_message, understood};
use crate::ingest::{
    Conv, Incoming, NewMessage, POLICY, Thread, announce_opened, clean, escalate, insert, lock, preview, save,
};
use crate::pipeline::Escalation;

/// Why the pen went to people, as the row of a change of hands says it.
pub(crate) const ASKED: &str = "asked for a person";

/// What people read when somebody else may be at the other end.
const OTHER_CHAT: &str = "From here on this is another chat, begun under the same address. Nobody has proved that the address is theirs: \
    before you tell them what only this person may know, make sure who it is.";

/// Who writes in a chat, as far as they said.
#[derive(Clone, Copy, Debug)]
pub struct Visitor<'a> {
    /// The chat.
    pub chat: ChatId,
    /// How they call themselves.
    pub name: Option<&'a str>,
    /// Their address: who chats again under the same one is the same contact.
    pub email: Option<&'a str>,
    /// Their number.
    pub phone: Option<&'a str>,
}

/// One thing that was said in a chat.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its id there.
    pub id: MessageId,
    /// Whether the site's assistant said it, and not the visitor.
    pub by_assistant: bool,
    /// The words.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Brings a chat before people, within the transaction: the organisation's web chat and the conversation are made where they are
/// missing, what is not there yet is added, and the pen goes to people. Called again it adds what is new.
///
/// # Errors
/// When the database, the vault or the contacts do not answer: the transaction is to be dropped.
pub async fn bring(
    core: &Core,
    tx: &mut OrgTx,
    visitor: &Visitor<'_>,
    said: &[Said],
) -> anyhow::Result<(ConversationId, ContactId)> {
    let vault = core.kernel.vault.of(tx.org()).await?;
    let channel = account(tx).await?;
    let contact = contact(core, tx, &vault, channel, visitor).await?;
    let mut conv = conversation(tx, &vault, channel, contact, visitor.chat).await?;
    if conv.opened {
        announce_opened(tx, &conv);
    }
    let was_over = conv.status == "closed";
    let new = unknown(tx, channel, said).await?;
    let mut decisions = Vec::new();
    let mut messages = Vec::new();
    for line in new {
        if line.by_assistant {
            let answer = answered(tx, &mut conv, line, &messages);
            messages.push(answer);
        } else {
            let (message, decision) = heard(core, tx, &mut conv, line);
            messages.push(message);
            decisions.push(decision.seal(&vault)?);
        }
    }
    insert(tx, &messages).await?;
    if messages.iter().any(|message| message.outbound) {
        first_answer(tx, &conv).await?;
    }
    ask_for_people(tx, &mut conv, &messages, was_over).await?;
    save(tx, &[&conv]).await?;
    ai::decision::insert_many(tx, &decisions).await?;
    Ok((conv.id, contact))
}

/// Whom the visitor turns out to be: by the chat, or by the fingerprint of an address that chatted before.
async fn contact(
    core: &Core,
    tx: &mut OrgTx,
    vault: &OrgVault,
    channel: ChannelId,
    visitor: &Visitor<'_>,
) -> anyhow::Result<ContactId> {
    let given = |text: Option<&str>| text.map(clean).filter(|text| !text.trim().is_empty());
    let person = Person {
        channel,
        kind: ChannelKind::Webchat,
        platform_id: visitor.chat.to_string(),
        also: given(visitor.email).map(|email| vault.mark(&email)).into_iter().collect(),
        phone: given(visitor.phone),
        name: given(visitor.name),
        username: None,
    };
    let found = core.contacts.resolve(tx, &[person]).await?.pop();
    Ok(found.ok_or_else(|| anyhow::anyhow!("the contact of a chat was not found"))?.contact)
}

/// The conversation, found or opened, and locked. It answers to the latest chat of its contact.
async fn conversation(
    tx: &mut OrgTx,
    vault: &OrgVault,
    channel: ChannelId,
    contact: ContactId,
    chat: ChatId,
) -> anyhow::Result<Conv> {
    let recipient = chat.to_string();
    let thread =
        Thread { channel, kind: ChannelKind::Webchat, contact, recipient: recipient.clone(), at: tx.clock().now() };
    let mut found = lock(tx, vault, &[thread]).await?;
    // Hidden while it was asked for: tried again, they are somebody new.
    let mut conv = found
        .remove(&(channel, contact))
        .ok_or_else(|| anyhow::anyhow!("the contact was erased while their chat was brought in"))?;
    if conv.recipient != recipient {
        conv.recipient = recipient;
        conv.dirty = true;
        warn(tx, &conv).await?;
    }
    Ok(conv)
}

/// Says to people that a conversation goes on in another chat: who types an address into one need not be who has it.
async fn warn(tx: &mut OrgTx, conv: &Conv) -> Result<(), sqlx::Error> {
    let (org, note) = (tx.org(), NoteId::new(tx.clock()));
    sqlx::query("insert into notes (org_id, id, conversation_id, author_id, body) values ($1, $2, $3, $4, $5)")
        .bind(org)
        .bind(note)
        .bind(conv.id)
        .bind(Uuid::nil())
        .bind(OTHER_CHAT)
        .execute(tx.conn())
        .await?;
    let fact = Fact::ConversationNoted { conversation: conv.id, note };
    tx.append(Event::new(Subject::Conversation(conv.id), Actor::System, fact));
    Ok(())
}

/// What is not in the conversation yet, oldest first. The conversation is locked: nobody adds to it meanwhile.
async fn unknown<'a>(tx: &mut OrgTx, channel: ChannelId, said: &'a [Said]) -> Result<Vec<&'a Said>, sqlx::Error> {
    let ids: Vec<String> = said.iter().map(|line| line.id.to_string()).collect();
    let known: Vec<String> = sqlx::query_scalar(
        "select platform_id from messages where org_id = $1 and channel_id = $2 and platform_id = any($3)",
    )
    .bind(tx.org())
    .bind(channel)
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let known: HashSet<String> = known.into_iter().collect();
    let mut new: Vec<&Said> = said.iter().filter(|line| !known.contains(&line.id.to_string())).collect();
    new.sort_by_key(|line| (line.at, line.id));
    Ok(new)
}

/// Words of the visitor: received and understood like those of every channel, and no turn of the bot is taken.
fn heard(core: &Core, tx: &mut OrgTx, conv: &mut Conv, line: &Said) -> (NewMessage, Decision) {
    let incoming = Incoming::of_visitor(line.id.to_string(), &line.text, line.at);
    let message = to_message(tx, conv, conv.turn + 1, &incoming);
    receive(tx, conv, &incoming, &message);
    let mut decision = Decision::new(tx.org(), "reply", POLICY, tx.clock()).about(conv.id, message.id);
    let reading = core.brain.read(&message.body, conv.language.as_deref(), None);
    let read = read_stages(&reading, history(conv), &mut decision);
    understood(tx, conv, &read, message.id, &decision);
    decision.conclude("understood", None, "");
    (message, decision)
}

/// What the site's assistant said meanwhile: sent already, and by nobody here.
fn answered(tx: &mut OrgTx, conv: &mut Conv, line: &Said, before: &[NewMessage]) -> NewMessage {
    let waited = conv.waiting_since.take().map(|since| (line.at - since).num_seconds().max(0));
    conv.dirty = true;
    conv.last_outbound_at = Some(conv.last_outbound_at.map_or(line.at, |at| at.max(line.at)));
    conv.last_message_at = conv.last_message_at.max(line.at);
    conv.preview = preview(&line.text);
    conv.last_writer = "bot".to_owned();
    let message = NewMessage {
        id: MessageId::new(tx.clock()),
        conversation: conv.id,
        turn: conv.turn,
        channel: conv.channel_id,
        outbound: true,
        writer: "bot",
        author: None,
        platform_id: Some(line.id.to_string()),
        kind: "text",
        body: clean(&line.text),
        attachments: Value::Array(Vec::new()),
        reply_to: None,
        state: "sent",
        meaningful: waited.is_some(),
        fence: Some(conv.fence),
        decision: None,
        sources: None,
        at: line.at,
        send_after: None,
        template: None,
        tag: None,
    };
    let fact = Fact::MessageSent {
        conversation: conv.id,
        contact: conv.contact_id,
        message: message.id,
        channel: conv.kind(),
        writer: Writer::Bot,
        meaningful: message.meaningful,
        answered_after_s: waited,
        first_answer: conv.opened && message.meaningful && before.iter().all(|one| !one.outbound || !one.meaningful),
    };
    tx.append(Event::new(Subject::Conversation(conv.id), Actor::Bot, fact));
    message
}

/// Keeps when the visitor got the first answer, which the assistant gave.
async fn first_answer(tx: &mut OrgTx, conv: &Conv) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update conversations set first_answered_at = (select min(at) from messages where org_id = $1 and conversation_id = $2 \
           and direction = 'outbound' and meaningful and state = 'sent') \
         where org_id = $1 and id = $2 and first_answered_at is null",
    )
    .bind(tx.org())
    .bind(conv.id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives the pen to people and says that the visitor waits for one, again where the conversation was over.
async fn ask_for_people(
    tx: &mut OrgTx,
    conv: &mut Conv,
    new: &[NewMessage],
    was_over: bool,
) -> Result<(), sqlx::Error> {
    if new.iter().all(|message| message.outbound) && !conv.bot_holds() {
        return Ok(());
    }
    // Whatever the assistant said to it, the visitor waits for a person, since their last words.
    let last = new.iter().filter(|message| !message.outbound).map(|message| message.at).max();
    conv.waiting_since = conv.waiting_since.or(last).or(Some(tx.clock().now()));
    conv.dirty = true;
    let gave = conv.take_over();
    if gave {
        conv.held_back = true;
        let actor = Actor::Contact(conv.contact_id);
        record_takeover(tx, conv.id, &actor.to_string(), ASKED, actor).await?;
    }
    if gave || was_over {
        escalate(tx, conv, Escalation::AskedForPerson, None);
    }
    Ok(())
}
