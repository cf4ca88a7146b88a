//! Applies contact messages to their conversation: what changes, what was understood, whose turn it is.

use std::time::Instant;

use ai::decision::Decision;
use ai::local::{LeadSignal, Reading, SenderHistory};
use kernel::db::OrgTx;
use kernel::ids::MessageId;
use kernel::ledger::{Actor, Event, Fact, Subject};

use super::conversations::Conv;
use super::incoming::Incoming;
use super::write::{NewMessage, preview};
use crate::pipeline::{LOCAL, Read, UNDERSTANDING, understand};

/// What is known of the sender beyond the message, for the lead signals.
pub(crate) fn history(conv: &Conv) -> SenderHistory {
    SenderHistory {
        messages: u32::try_from(conv.inbound_count).unwrap_or(0),
        first_contact: conv.inbound_count <= 1,
        follows: false,
    }
}

/// Runs the local stages over a text and keeps each in the decision.
pub(crate) fn read_stages(reading: &Reading<'_>, history: SenderHistory, decision: &mut Decision) -> Read {
    decision.input("text", reading.text);
    decision.input("language", reading.language.code());
    decision.input("history", &history);
    let began = Instant::now();
    let read = understand(reading, history);
    let took = began.elapsed();
    decision.stage("guard_input", LOCAL, &["text", "language"], &read.guard, took);
    decision.stage(
        "understanding",
        UNDERSTANDING,
        &["text", "language"],
        &read.understanding,
        std::time::Duration::ZERO,
    );
    decision.stage("sentiment", LOCAL, &["text", "language"], &read.sentiment, std::time::Duration::ZERO);
    decision.stage("intent", LOCAL, &["text", "language", "history"], &read.intent, std::time::Duration::ZERO);
    read
}

/// The message as it is stored.
pub(crate) fn to_message(tx: &OrgTx, conv: &Conv, turn: i64, incoming: &Incoming) -> NewMessage {
    NewMessage {
        id: MessageId::new(tx.clock()),
        conversation: conv.id,
        turn,
        channel: conv.channel_id,
        outbound: false,
        writer: "contact",
        author: None,
        platform_id: incoming.mid.clone(),
        kind: incoming.kind,
        body: incoming.body.clone(),
        attachments: incoming.attachments.clone(),
        reply_to: incoming.reply_to.clone(),
        state: "received",
        meaningful: true,
        fence: None,
        decision: None,
        sources: None,
        at: incoming.at,
        send_after: None,
        template: None,
        tag: None,
    }
}

/// Changes the conversation for a new message of the contact.
pub(crate) fn receive(tx: &mut OrgTx, conv: &mut Conv, incoming: &Incoming, message: &NewMessage) {
    let first = conv.inbound_count == 0;
    let latest = conv.last_inbound_at.is_none_or(|at| incoming.at >= at);
    conv.dirty = true;
    conv.turn = message.turn;
    conv.inbound_count += 1;
    conv.unread += 1;
    conv.last_inbound_at = Some(conv.last_inbound_at.map_or(incoming.at, |at| at.max(incoming.at)));
    conv.window_from = conv.last_inbound_at;
    conv.waiting_since = Some(conv.waiting_since.map_or(incoming.at, |at| at.min(incoming.at)));
    if latest {
        conv.preview = if incoming.body.is_empty() { format!("[{}]", incoming.kind) } else { preview(&incoming.body) };
        conv.last_writer = "contact".to_owned();
        conv.last_message_at = conv.last_message_at.max(incoming.at);
    }
    if (conv.status == "closed" || conv.status == "snoozed")
        && let Some(fact) = conv.set_status("open")
    {
        conv.snoozed_until = None;
        tx.append(Event::new(Subject::Conversation(conv.id), Actor::System, fact));
    }
    let fact = Fact::MessageReceived {
        conversation: conv.id,
        contact: conv.contact_id,
        message: message.id,
        channel: conv.kind(),
        first,
    };
    tx.append(Event::new(Subject::Conversation(conv.id), Actor::Contact(conv.contact_id), fact));
}

/// Keeps what was understood: on the conversation for the list, in the ledger for leads and analytics.
pub(crate) fn understood(tx: &mut OrgTx, conv: &mut Conv, read: &Read, message: MessageId, decision: &Decision) {
    if read.language.len() == 2 {
        conv.language = Some(read.language.clone());
    }
    conv.sentiment = Some(word(&read.sentiment.sentiment));
    conv.urgency = Some(word(&read.sentiment.urgency));
    // Said again it is told again: a consent that a member kept meanwhile may still be on its way to this conversation.
    if read.marks.opt_out {
        set_consent(tx, conv, true);
    }
    let fact = Fact::MessageUnderstood {
        conversation: conv.id,
        contact: conv.contact_id,
        message,
        channel: conv.kind(),
        decision: decision.id,
        language: read.language.clone(),
        topic: word(&read.understanding.topic),
        intent: word(&read.intent.intent),
        intent_confidence: read.intent.confidence,
        sentiment: word(&read.sentiment.sentiment),
        sentiment_score: read.sentiment.score,
        urgency: word(&read.sentiment.urgency),
        signals: read.intent.signals.iter().map(|signal: &LeadSignal| word(signal)).collect(),
        inbound_count: conv.inbound_count,
        flags: read.guard.flags.iter().map(word).collect(),
    };
    tx.append(Event::new(Subject::Conversation(conv.id), Actor::Bot, fact));
}

/// The contact does not want to be written to, or wants it again.
pub(super) fn set_consent(tx: &mut OrgTx, conv: &mut Conv, opted_out: bool) {
    conv.opted_out = opted_out;
    conv.dirty = true;
    let fact = Fact::ContactConsent { contact: conv.contact_id, channel: conv.kind(), opted_out };
    tx.append(Event::new(Subject::Contact(conv.contact_id), Actor::Contact(conv.contact_id), fact));
}

/// The word a small enum is stored by.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
