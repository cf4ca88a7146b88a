//! Puts told conversations into the tables, a few statements for all of them.

use ai::decision::{Decision, insert_many};
use chrono::{DateTime, Utc};
use kernel::Clock;
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, LeadId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Signal, Subject, Tag, Writer};
use kernel::vault::OrgVault;
use leads::contacts::Field;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::business::Business;
use super::Counts;
use super::tell::{By, Line, Told};

/// The rows of every table, as JSON records.
#[derive(Default)]
struct Rows {
    contacts: Vec<Value>,
    identities: Vec<Value>,
    conversations: Vec<Value>,
    messages: Vec<Value>,
    takeovers: Vec<Value>,
    leads: Vec<Value>,
    decisions: Vec<Decision>,
    events: Vec<Event>,
}

/// Writes everything; returns how much it was.
pub async fn all(tx: &mut OrgTx, vault: &OrgVault, business: &Business, told: &[Told]) -> anyhow::Result<Counts> {
    let mut rows = Rows::default();
    for one in told {
        add(&mut rows, tx, vault, business, one)?;
    }
    let counts = Counts {
        conversations: rows.conversations.len(),
        messages: rows.messages.len(),
        leads: rows.leads.len(),
        events: rows.events.len(),
    };
    insert(tx, CONTACTS, rows.contacts).await?;
    insert(tx, IDENTITIES, rows.identities).await?;
    insert(tx, CONVERSATIONS, rows.conversations).await?;
    insert(tx, MESSAGES, rows.messages).await?;
    insert(tx, TAKEOVERS, rows.takeovers).await?;
    insert(tx, LEADS, rows.leads).await?;
    let decisions = rows.decisions.iter().map(|decision| decision.seal(vault)).collect::<Result<Vec<_>, _>>()?;
    insert_many(tx, &decisions).await?;
    // The ledger tells them in the order in which they happened.
    rows.events.sort_by_key(Event::instant);
    for event in rows.events {
        tx.append(event);
    }
    Ok(counts)
}

async fn insert(tx: &mut OrgTx, statement: &'static str, rows: Vec<Value>) -> Result<(), sqlx::Error> {
    if !rows.is_empty() {
        sqlx::query(statement).bind(tx.org()).bind(Value::Array(rows)).execute(tx.conn()).await?;
    }
    Ok(())
}

/// The ids of one conversation.
struct Ids {
    contact: ContactId,
    conversation: ConversationId,
    lead: Option<LeadId>,
}

fn add(rows: &mut Rows, tx: &OrgTx, vault: &OrgVault, business: &Business, told: &Told) -> anyhow::Result<()> {
    let (Some(first), Some(channel)) = (told.lines.first(), business.channel(told.kind)) else { return Ok(()) };
    let ids = Ids {
        contact: ContactId::at(first.at),
        conversation: ConversationId::at(first.at),
        lead: told.is_lead().then(|| LeadId::at(first.at)),
    };
    let fact = Fact::ContactCreated { contact: ids.contact, channel: Some(told.kind) };
    rows.events
        .push(Event::new(Subject::Contact(ids.contact), Actor::Contact(ids.contact), fact).happened_at(first.at));
    let fact =
        Fact::ConversationOpened { conversation: ids.conversation, contact: ids.contact, channel, kind: told.kind };
    rows.events.push(
        Event::new(Subject::Conversation(ids.conversation), Actor::Contact(ids.contact), fact).happened_at(first.at),
    );
    rows.contacts.push(contact(vault, told, &ids, first.at)?);
    let known = platform_ids(told);
    for id in &known {
        let sealed = vault.seal_id(told.kind, channel, id)?.map(|sealed| hexed(&sealed));
        rows.identities.push(json!({ "channel_id": channel.uuid(), "platform_id": vault.kept_id(told.kind, id), "channel_kind": told.kind, "contact_id": ids.contact.uuid(), "sealed": sealed }));
    }
    let mut thread = conversation(business, told, &ids, channel.uuid());
    if let Some(recipient) = known.first() {
        thread["recipient"] = json!(vault.kept_id(told.kind, recipient));
        thread["recipient_sealed"] = json!(vault.seal_id(told.kind, channel, recipient)?.map(|sealed| hexed(&sealed)));
    }
    rows.conversations.push(thread);
    let mut answered = false;
    for (number, line) in told.lines.iter().enumerate() {
        message(rows, tx, business, told, &ids, (number, line), &mut answered);
    }
    if let (Some(last), "closed") = (told.lines.last(), told.status) {
        let fact = Fact::ConversationStatus {
            conversation: ids.conversation,
            from: "open".to_owned(),
            to: "closed".to_owned(),
        };
        let at = last.at + chrono::Duration::minutes(20);
        rows.events.push(Event::new(Subject::Conversation(ids.conversation), Actor::System, fact).happened_at(at));
    }
    if let Some(lead) = ids.lead {
        lead_rows(rows, told, &ids, lead);
    }
    Ok(())
}

fn contact(vault: &OrgVault, told: &Told, ids: &Ids, at: DateTime<Utc>) -> anyhow::Result<Value> {
    let sealed = |field: Field, value: Option<String>| -> anyhow::Result<(Option<String>, Option<String>)> {
        let sealed = value.map(|value| field.seal(vault, ids.contact, &value)).transpose()?;
        Ok(sealed.map(|(sealed, index)| (hexed(&sealed), hexed(&index))).unzip())
    };
    let (name, name_index) = sealed(Field::Name, Some(told.persona.name.clone()))?;
    let gave_email = told.lines.iter().any(|line| line.by == By::Contact && line.text.contains(&told.persona.email));
    let (email, email_index) = sealed(Field::Email, gave_email.then(|| told.persona.email.clone()))?;
    let (phone, phone_index) = sealed(Field::Phone, phone(told).map(|digits| format!("+{digits}")))?;
    Ok(json!({
        "id": ids.contact.uuid(), "name": name, "name_index": name_index, "email": email, "email_index": email_index,
        "phone": phone, "phone_index": phone_index, "language": told.language, "first_channel": told.kind,
        "created_at": at, "seen_at": told.lines.iter().rev().find(|line| line.by == By::Contact).map(|line| line.at),
    }))
}

fn hexed(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a String cannot fail");
        out
    })
}

/// The digits of a person who shows a phone number.
fn phone(told: &Told) -> Option<&str> {
    let person = told.persona.person.as_str();
    (told.kind == kernel::channel::ChannelKind::Whatsapp && person.chars().all(|c| c.is_ascii_digit()))
        .then_some(person)
}

/// The ids a person is known by, the one to answer to first.
fn platform_ids(told: &Told) -> Vec<String> {
    match phone(told) {
        Some(digits) => vec![format!("US.{digits}"), digits.to_owned()],
        None => vec![told.persona.person.clone()],
    }
}

fn conversation(business: &Business, told: &Told, ids: &Ids, channel: uuid::Uuid) -> Value {
    let last = |by_contact: bool| {
        told.lines.iter().rev().find(|line| (line.by == By::Contact) == by_contact).map(|line| line.at)
    };
    let newest = told.lines.last();
    let read = told.last_read();
    let escalation = told
        .lines
        .iter()
        .rev()
        .find_map(|line| line.escalated)
        .map(Escalated::word)
        .filter(|_| told.status == "needs_human");
    let answered = told.lines.iter().find(|line| line.by != By::Contact && line.meaningful).map(|line| line.at);
    let unread = told.lines.iter().rev().take_while(|line| line.by == By::Contact).count();
    json!({
        "id": ids.conversation.uuid(), "channel_id": channel, "channel_kind": told.kind, "contact_id": ids.contact.uuid(),
        "status": told.status, "holder": if told.member.is_some() { "human" } else { "bot" },
        "fence": if told.member.is_some() { 2 } else { 1 },
        "turn": told.lines.iter().filter(|line| line.by == By::Contact).count(),
        "inbound_count": told.lines.iter().filter(|line| line.by == By::Contact).count(),
        "assignee_id": told.member.and_then(|member| business.members.get(member)).map(|member| member.uuid()),
        "language": told.language, "unresolved": told.unresolved, "held_back": told.held_back, "escalation": escalation,
        "last_inbound_at": last(true), "last_outbound_at": last(false), "last_message_at": newest.map(|line| line.at),
        "waiting_since": told.waiting_since, "first_answered_at": answered, "window_from": last(true),
        "preview": newest.map(|line| line.text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(140).collect::<String>()),
        "last_writer": newest.map(|line| writer(line.by)),
        "unread": if told.status == "closed" { 0 } else { unread },
        "lead_id": ids.lead.map(LeadId::uuid), "lead_tag": ids.lead.map(|_| Tag::of(told.score()).word()),
        "lead_score": ids.lead.map(|_| told.score()),
        "sentiment": read.map(|read| word(&read.sentiment.sentiment)), "urgency": read.map(|read| word(&read.sentiment.urgency)),
        "created_at": told.lines.first().map(|line| line.at),
    })
}

use inbox::pipeline::Escalation as Escalated;

fn writer(by: By) -> &'static str {
    match by {
        By::Contact => "contact",
        By::Bot => "bot",
        By::Member(_) => "human",
    }
}

/// One message with its facts, its decision, and the takeover it may be.
fn message(
    rows: &mut Rows,
    tx: &OrgTx,
    business: &Business,
    told: &Told,
    ids: &Ids,
    (number, line): (usize, &Line),
    answered: &mut bool,
) {
    let id = MessageId::at(line.at);
    let subject = Subject::Conversation(ids.conversation);
    let inbound = line.by == By::Contact;
    let member = match line.by {
        By::Member(member) => business.members.get(member),
        _ => None,
    };
    let decision = line.answer.as_ref().map(|answer| decided(tx, told, ids, id, number, line.at, answer));
    rows.messages.push(json!({
        "id": id.uuid(), "conversation_id": ids.conversation.uuid(), "channel_id": business.channel(told.kind).map(kernel::ids::ChannelId::uuid),
        "direction": if inbound { "inbound" } else { "outbound" }, "writer": writer(line.by), "author_id": member.map(|member| member.uuid()),
        "platform_id": format!("history.{}.{number}", ids.conversation), "body": line.text,
        "state": if inbound { "received" } else { "read" }, "meaningful": line.meaningful, "at": line.at,
        "decision_id": decision.as_ref().map(|decision| decision.id.uuid()),
        "sources": line.answer.as_ref().filter(|answer| !answer.sources.is_empty()).map(|answer| &answer.sources),
        "sent_at": (!inbound).then_some(line.at),
    }));
    rows.decisions.extend(decision);
    if inbound {
        let fact = Fact::MessageReceived {
            conversation: ids.conversation,
            contact: ids.contact,
            message: id,
            channel: told.kind,
            first: number == 0,
        };
        rows.events.push(Event::new(subject, Actor::Contact(ids.contact), fact).happened_at(line.at));
        if let Some(reason) = line.escalated {
            let fact = Fact::ConversationEscalated {
                conversation: ids.conversation,
                reason: reason.word().to_owned(),
                decision: None,
            };
            rows.events.push(Event::new(subject, Actor::Bot, fact).happened_at(line.at));
        }
        return;
    }
    if line.by != By::Bot {
        let user = if let By::Member(number) = line.by { business.users.get(number) } else { None };
        let by = user.map_or_else(|| "system".to_owned(), ToString::to_string);
        rows.takeovers.push(json!({ "id": MessageId::at(line.at).uuid(), "conversation_id": ids.conversation.uuid(), "by_actor": by, "reason": "replied", "at": line.at }));
        let fact = Fact::ConversationTakenOver { conversation: ids.conversation, by };
        rows.events.push(Event::new(subject, Actor::System, fact).happened_at(line.at));
    }
    let writer = if line.by == By::Bot { Writer::Bot } else { Writer::Human };
    let fact = Fact::MessageSent {
        conversation: ids.conversation,
        contact: ids.contact,
        message: id,
        channel: told.kind,
        writer,
        meaningful: line.meaningful,
        answered_after_s: line.answered_after_s,
        first_answer: line.meaningful && !*answered,
    };
    *answered |= line.meaningful;
    rows.events.push(
        Event::new(subject, if line.by == By::Bot { Actor::Bot } else { Actor::System }, fact).happened_at(line.at),
    );
}

/// Why the bot said what it said.
fn decided(
    tx: &OrgTx,
    told: &Told,
    ids: &Ids,
    message: MessageId,
    number: usize,
    at: DateTime<Utc>,
    answer: &ai::answer::Answer,
) -> Decision {
    let mut decision = Decision::new(tx.org(), "reply", "inbox/1", &Clock::manual(at)).about(ids.conversation, message);
    let question = told.lines[..number].iter().rev().find(|line| line.by == By::Contact);
    decision.input("text", question.map_or("", |line| line.text.as_str()));
    decision.input("language", told.language.as_deref().unwrap_or("en"));
    decision.stage("answer", "extractive/1", &["text", "language"], answer, std::time::Duration::from_micros(400));
    for source in &answer.sources {
        decision.chunk(source.chunk_id, &source.quote);
    }
    decision.conclude("replied", Some(answer.confidence), &answer.text);
    decision
}

fn lead_rows(rows: &mut Rows, told: &Told, ids: &Ids, lead: LeadId) {
    let (Some(first), Some(last)) = (told.lines.first(), told.lines.last()) else { return };
    let weights = ai::local::LeadWeights::default();
    let signals: Vec<Signal> = told
        .signals
        .iter()
        .map(|signal| Signal { name: word(signal), points: i32::from(weights.of(*signal)) })
        .collect();
    let (score, tag) = (told.score(), Tag::of(told.score()));
    let read = told.strongest_read();
    let closed = matches!(told.stage, "won" | "lost");
    rows.leads.push(json!({
        "id": lead.uuid(), "contact_id": ids.contact.uuid(), "conversation_id": ids.conversation.uuid(), "channel_kind": told.kind,
        "stage": told.stage, "score": score, "tag": tag.word(), "signals": signals,
        "topic": read.map(|read| word(&read.understanding.topic)), "intent": read.map(|read| word(&read.intent.intent)),
        "summary": read.map(|read| &read.understanding.summary), "value_minor": (told.value_minor > 0).then_some(told.value_minor),
        "created_at": first.at, "updated_at": last.at, "closed_at": closed.then_some(last.at),
    }));
    let subject = Subject::Lead(lead);
    let created = Fact::LeadCreated { lead, contact: ids.contact, channel: Some(told.kind) };
    rows.events.push(Event::new(subject, Actor::Bot, created).happened_at(first.at));
    let scored = Fact::LeadScored {
        lead,
        contact: ids.contact,
        conversation: Some(ids.conversation),
        score,
        tag,
        was: None,
        signals,
    };
    let scored_at = told.lines.iter().rev().find(|line| line.by == By::Contact).map_or(first.at, |line| line.at);
    rows.events.push(Event::new(subject, Actor::Bot, scored).happened_at(scored_at));
    if told.stage != "new" {
        let fact = Fact::LeadStage { lead, contact: ids.contact, from: "new".to_owned(), to: told.stage.to_owned() };
        rows.events.push(Event::new(subject, Actor::System, fact).happened_at(last.at));
    }
}

/// The word a small enum is stored by.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

const CONTACTS: &str = "insert into contacts (org_id, id, name, name_index, email, email_index, phone, phone_index, language, \
    first_channel, created_at, seen_at) \
    select $1, n.id, decode(n.name, 'hex'), decode(n.name_index, 'hex'), decode(n.email, 'hex'), decode(n.email_index, 'hex'), \
      decode(n.phone, 'hex'), decode(n.phone_index, 'hex'), n.language, n.first_channel, n.created_at, coalesce(n.seen_at, n.created_at) \
    from jsonb_to_recordset($2) as n (id uuid, name text, name_index text, email text, email_index text, phone text, \
      phone_index text, language text, first_channel text, created_at timestamptz, seen_at timestamptz)";

const IDENTITIES: &str = "insert into contact_identities (org_id, channel_id, platform_id, channel_kind, contact_id, sealed) \
    select $1, n.channel_id, n.platform_id, n.channel_kind, n.contact_id, decode(n.sealed, 'hex') from jsonb_to_recordset($2) \
      as n (channel_id uuid, platform_id text, channel_kind text, contact_id uuid, sealed text)";

const CONVERSATIONS: &str = "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, status, holder, \
    fence, turn, inbound_count, assignee_id, language, unresolved, held_back, escalation, last_inbound_at, last_outbound_at, \
    last_message_at, waiting_since, first_answered_at, window_from, preview, last_writer, unread, lead_id, lead_tag, lead_score, \
    sentiment, urgency, created_at, recipient_sealed) \
    select $1, n.id, n.channel_id, n.channel_kind, n.contact_id, n.recipient, n.status, n.holder, n.fence, n.turn, n.inbound_count, \
      n.assignee_id, n.language, n.unresolved, n.held_back, n.escalation, n.last_inbound_at, n.last_outbound_at, n.last_message_at, \
      n.waiting_since, n.first_answered_at, n.window_from, n.preview, n.last_writer, n.unread, n.lead_id, n.lead_tag, n.lead_score, \
      n.sentiment, n.urgency, n.created_at, decode(n.recipient_sealed, 'hex') \
    from jsonb_to_recordset($2) as n (id uuid, channel_id uuid, channel_kind text, contact_id uuid, recipient text, recipient_sealed text, \
      status text, holder text, fence bigint, turn bigint, inbound_count int, assignee_id uuid, language text, unresolved int, \
      held_back boolean, escalation text, last_inbound_at timestamptz, last_outbound_at timestamptz, last_message_at timestamptz, \
      waiting_since timestamptz, first_answered_at timestamptz, window_from timestamptz, preview text, last_writer text, unread int, \
      lead_id uuid, lead_tag text, lead_score int, sentiment text, urgency text, created_at timestamptz)";

const MESSAGES: &str = "insert into messages (org_id, id, conversation_id, channel_id, direction, writer, author_id, platform_id, body, \
    state, meaningful, at, created_at, decision_id, sources, sent_at, delivered_at, read_at, announced) \
    select $1, n.id, n.conversation_id, n.channel_id, n.direction, n.writer, n.author_id, n.platform_id, n.body, n.state, n.meaningful, \
      n.at, n.at, n.decision_id, n.sources, n.sent_at, n.sent_at, n.sent_at, true \
    from jsonb_to_recordset($2) as n (id uuid, conversation_id uuid, channel_id uuid, direction text, writer text, author_id uuid, \
      platform_id text, body text, state text, meaningful boolean, at timestamptz, decision_id uuid, sources jsonb, sent_at timestamptz)";

const TAKEOVERS: &str = "insert into takeovers (org_id, id, conversation_id, by_actor, reason, at) \
    select $1, n.* from jsonb_to_recordset($2) as n (id uuid, conversation_id uuid, by_actor text, reason text, at timestamptz)";

const LEADS: &str = "insert into leads (org_id, id, contact_id, conversation_id, channel_kind, stage, score, tag, signals, topic, intent, \
    summary, value_minor, created_at, updated_at, closed_at) \
    select $1, n.* from jsonb_to_recordset($2) as n (id uuid, contact_id uuid, conversation_id uuid, channel_kind text, stage text, \
      score int, tag text, signals jsonb, topic text, intent text, summary text, value_minor bigint, \
      created_at timestamptz, updated_at timestamptz, closed_at timestamptz)";
