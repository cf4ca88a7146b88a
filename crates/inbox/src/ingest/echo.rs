//! Echoes: our own messages told back, and messages that a person wrote in the platform's own app.
//!
//! An echo is never customer input. One that we cannot find among our messages is a person who took over.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use connectors::channel::{Echo, Item, Kind};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ConversationId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use uuid::Uuid;

use super::conversations::Conv;
use super::states::our_key;
use super::write::{NewMessage, clean, preview};

/// An echo of a thread.
pub(super) struct Told<'a> {
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub at: DateTime<Utc>,
    pub echo: &'a Echo,
}

/// Reads an event as an echo.
pub(super) fn echo_of(item: &Item) -> Option<&Echo> {
    match &item.kind {
        Kind::Echo(echo) => Some(echo),
        _ => None,
    }
}

#[derive(sqlx::FromRow)]
struct Known {
    id: MessageId,
    conversation_id: ConversationId,
    platform_id: Option<String>,
    state: String,
    body: String,
    writer: String,
}

/// Matches echoes with our messages. What matched is settled as sent; what did not is returned as written elsewhere.
pub(super) async fn settle(tx: &mut OrgTx, told: &[Told<'_>]) -> Result<Vec<NewMessage>, sqlx::Error> {
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = candidates(tx, told).await?;
    let mut foreign = Vec::new();
    for one in told {
        match find(&known, one) {
            Some(place) => {
                let message = &mut known[place];
                if message.platform_id.is_none() || matches!(message.state.as_str(), "queued" | "sending" | "unknown") {
                    message.platform_id = Some(one.echo.mid.clone());
                    message.state = "sent".to_owned();
                    mark_sent(tx, message, one).await?;
                }
            }
            // Certainly ours, but not in this organisation's books any more (erased): nothing to show.
            None if one.echo.ours => {}
            None => foreign.push(written_elsewhere(tx, one)),
        }
    }
    Ok(foreign)
}

/// Our messages that echoes may be of: by our key, by the platform's id, and what is under way in their conversation. One
/// statement, so one instant: a message that becomes sent between two looks would be in neither.
async fn candidates(tx: &mut OrgTx, told: &[Told<'_>]) -> Result<Vec<Known>, sqlx::Error> {
    let keys: Vec<Uuid> = told.iter().filter_map(|one| one.echo.metadata.as_deref().and_then(our_key)).collect();
    let mids: Vec<&str> = told.iter().map(|one| one.echo.mid.as_str()).collect();
    let conversations: Vec<Uuid> = told.iter().map(|one| one.conversation.uuid()).collect();
    sqlx::query_as(
        "select id, conversation_id, platform_id, state, body, writer from messages where org_id = $1 and id = any($2) \
         union select m.* from unnest($4::uuid[], $3::text[]) as w (channel_id, platform_id) cross join lateral ( \
           select id, conversation_id, platform_id, state, body, writer from messages f \
           where f.org_id = $1 and f.channel_id = w.channel_id and f.platform_id = w.platform_id offset 0) m \
         union select m.* from (select distinct id from unnest($5::uuid[]) as u (id)) w cross join lateral ( \
           select id, conversation_id, platform_id, state, body, writer from messages f \
           where f.org_id = $1 and f.conversation_id = w.id and f.state in ('sending', 'unknown') offset 0) m order by id",
    )
    .bind(tx.org())
    .bind(keys)
    .bind(mids)
    .bind(told.iter().map(|one| one.channel.uuid()).collect::<Vec<_>>())
    .bind(conversations)
    .fetch_all(tx.conn())
    .await
}

/// By our key, by the platform's id, or by the words of a message under way (platforms that return no key).
fn find(known: &[Known], one: &Told<'_>) -> Option<usize> {
    let key = one.echo.metadata.as_deref().and_then(our_key);
    let by = |test: &dyn Fn(&Known) -> bool| known.iter().position(test);
    by(&|message| key == Some(message.id.uuid()))
        .or_else(|| by(&|message| message.platform_id.as_deref() == Some(&one.echo.mid)))
        .or_else(|| {
            let words = one.echo.text.as_deref()?;
            by(&|message| {
                message.conversation_id == one.conversation
                    && message.platform_id.is_none()
                    && matches!(message.state.as_str(), "sending" | "unknown")
                    && message.body.trim() == words.trim()
            })
        })
}

async fn mark_sent(tx: &mut OrgTx, message: &Known, one: &Told<'_>) -> Result<(), sqlx::Error> {
    let settled = sqlx::query(
        "update messages set platform_id = coalesce(platform_id, $3), sent_at = coalesce(sent_at, $4), \
         state = case when state in ('queued', 'sending', 'unknown') then 'sent' else state end \
         where org_id = $1 and id = $2 and state <> 'cancelled'",
    )
    .bind(tx.org())
    .bind(message.id)
    .bind(&one.echo.mid)
    .bind(one.at)
    .execute(tx.conn())
    .await?;
    if settled.rows_affected() == 1 {
        let fact = Fact::MessageState {
            conversation: one.conversation,
            message: message.id,
            state: "sent".into(),
            code: None,
        };
        let actor = if message.writer == "bot" { Actor::Bot } else { Actor::System };
        tx.append(Event::new(Subject::Conversation(one.conversation), actor, fact));
    }
    Ok(())
}

fn written_elsewhere(tx: &OrgTx, one: &Told<'_>) -> NewMessage {
    NewMessage {
        id: MessageId::new(tx.clock()),
        conversation: one.conversation,
        turn: 0,
        channel: one.channel,
        outbound: true,
        writer: "native_app",
        author: None,
        platform_id: Some(one.echo.mid.clone()),
        kind: if one.echo.attachments.is_empty() { "text" } else { "attachment" },
        body: clean(one.echo.text.as_deref().unwrap_or_default()),
        attachments: super::incoming::clean_json(serde_json::to_value(&one.echo.attachments).unwrap_or_default()),
        reply_to: None,
        state: "sent",
        meaningful: true,
        fence: None,
        decision: None,
        sources: None,
        at: one.at,
        send_after: None,
        template: None,
        tag: None,
    }
}

/// Changes a conversation for a message that a person wrote in the platform's own app: it counts as taking over.
pub(super) async fn take_over(
    tx: &mut OrgTx,
    convs: &mut HashMap<ConversationId, Conv>,
    message: &mut NewMessage,
) -> Result<(), sqlx::Error> {
    let Some(conv) = convs.get_mut(&message.conversation) else { return Ok(()) };
    message.turn = conv.turn;
    conv.dirty = true;
    conv.preview = preview(&message.body);
    conv.last_writer = "native_app".to_owned();
    conv.last_message_at = conv.last_message_at.max(message.at);
    conv.last_outbound_at = Some(conv.last_outbound_at.map_or(message.at, |at| at.max(message.at)));
    conv.waiting_since = None;
    if conv.take_over() {
        crate::handoff::record_takeover(tx, conv.id, "native_app", "wrote in the platform's own app", Actor::System)
            .await?;
    }
    Ok(())
}
