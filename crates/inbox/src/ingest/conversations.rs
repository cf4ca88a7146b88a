//! The conversations of a batch: found or opened, locked, changed in memory, written back with one statement.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, ConversationId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::{OrgVault, VaultError};
use uuid::Uuid;

use super::opening::{Unwritten, begin, write_new};

/// A locked conversation and what a batch changes of it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Conv {
    pub id: ConversationId,
    pub channel_id: ChannelId,
    #[sqlx(try_from = "String")]
    pub channel_kind: Kind,
    pub contact_id: ContactId,
    /// As rows hold it.
    pub recipient: String,
    pub status: String,
    pub holder: String,
    pub fence: i64,
    pub turn: i64,
    /// The latest turn that was settled without an answer.
    pub quiet_turn: i64,
    pub language: Option<String>,
    pub inbound_count: i32,
    pub unresolved: i32,
    pub held_back: bool,
    pub escalation: Option<String>,
    pub last_inbound_at: Option<DateTime<Utc>>,
    pub last_outbound_at: Option<DateTime<Utc>>,
    pub last_message_at: DateTime<Utc>,
    pub waiting_since: Option<DateTime<Utc>>,
    pub window_from: Option<DateTime<Utc>>,
    pub preview: String,
    pub last_writer: String,
    pub unread: i32,
    pub sentiment: Option<String>,
    pub urgency: Option<String>,
    pub opted_out: bool,
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Whether it was opened by this batch.
    #[sqlx(skip)]
    pub opened: bool,
    /// Whether this batch changed it.
    #[sqlx(skip)]
    pub dirty: bool,
    /// Set while it has no row yet.
    #[sqlx(skip)]
    pub unwritten: Option<Unwritten>,
}

/// A channel kind as a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(pub ChannelKind);

impl TryFrom<String> for Kind {
    type Error = kernel::channel::UnknownChannel;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// What tells conversations apart beside their ids: there is one of a contact on a channel.
pub(crate) type Place = (ChannelId, ContactId);

impl Conv {
    /// Whose it is, and where.
    pub fn place(&self) -> Place {
        (self.channel_id, self.contact_id)
    }

    /// The kind of its channel.
    pub fn kind(&self) -> ChannelKind {
        self.channel_kind.0
    }

    /// Whether the bot holds the pen.
    pub fn bot_holds(&self) -> bool {
        self.holder == "bot"
    }

    /// Changes the status, remembering what it was.
    pub fn set_status(&mut self, status: &str) -> Option<Fact> {
        if self.status == status {
            return None;
        }
        let from = std::mem::replace(&mut self.status, status.to_owned());
        self.dirty = true;
        Some(Fact::ConversationStatus { conversation: self.id, from, to: status.to_owned() })
    }

    /// Gives the pen to a person: every bot message made so far becomes unsendable.
    pub fn take_over(&mut self) -> bool {
        let changed = self.holder != "human";
        if changed {
            self.holder = "human".to_owned();
            self.fence += 1;
            self.dirty = true;
        }
        changed
    }
}

/// Which thread a message belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub channel: ChannelId,
    pub kind: ChannelKind,
    pub contact: ContactId,
    /// The id to answer to, in the open.
    pub recipient: String,
    pub at: DateTime<Utc>,
}

const COLUMNS: &str = "id, channel_id, channel_kind, contact_id, recipient, status, holder, fence, turn, quiet_turn, language, inbound_count, \
    unresolved, held_back, escalation, last_inbound_at, last_outbound_at, last_message_at, waiting_since, window_from, preview, \
    last_writer, unread, sentiment, urgency, opted_out, snoozed_until";

/// Finds or opens the conversation of each thread and locks it. Each has a row.
pub(crate) async fn lock(
    tx: &mut OrgTx,
    vault: &OrgVault,
    threads: &[Thread],
) -> Result<HashMap<Place, Conv>, VaultError> {
    let mut known = lock_or_begin(tx, vault, threads).await?;
    let elsewhere = write_new(tx, known.values_mut().collect()).await?;
    // Another batch opened these in between: they are locked by reading them again.
    if !elsewhere.is_empty() {
        for place in &elsewhere {
            known.remove(place);
        }
        known.extend(select(tx, &elsewhere).await?.into_iter().map(|conv| (conv.place(), conv)));
    }
    Ok(known)
}

/// Finds the conversation of each thread and locks it. Those that are missing begin in memory: their rows are still to be written.
pub(super) async fn lock_or_begin(
    tx: &mut OrgTx,
    vault: &OrgVault,
    threads: &[Thread],
) -> Result<HashMap<Place, Conv>, VaultError> {
    let mut wanted: Vec<&Thread> = threads.iter().collect();
    wanted.sort_by_key(|thread| (thread.channel, thread.contact, thread.at));
    wanted.dedup_by_key(|thread| (thread.channel, thread.contact));
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let places: Vec<Place> = wanted.iter().map(|thread| (thread.channel, thread.contact)).collect();
    let found = select(tx, &places).await?;
    let mut known: HashMap<Place, Conv> = found.into_iter().map(|conv| (conv.place(), conv)).collect();
    for thread in wanted {
        if let Entry::Vacant(free) = known.entry((thread.channel, thread.contact)) {
            free.insert(begin(tx, vault, thread)?);
        }
    }
    Ok(known)
}

/// Locks conversations by id.
pub(crate) async fn lock_by_id(tx: &mut OrgTx, ids: &[Uuid]) -> Result<Vec<Conv>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from conversations where org_id = $1 and id = any($2) order by id for update");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).fetch_all(tx.conn()).await
}

async fn select(tx: &mut OrgTx, places: &[Place]) -> Result<Vec<Conv>, sqlx::Error> {
    let channels: Vec<Uuid> = places.iter().map(|(channel, _)| channel.uuid()).collect();
    let contacts: Vec<Uuid> = places.iter().map(|(_, contact)| contact.uuid()).collect();
    let sql = format!(
        "select {COLUMNS} from conversations where org_id = $1 and id = any(array(select c.id \
         from unnest($2::uuid[], $3::uuid[]) as w (channel_id, contact_id) cross join lateral (select f.id from conversations f \
           where f.org_id = $1 and f.channel_id = w.channel_id and f.contact_id = w.contact_id offset 0) c)) \
         order by id for update"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(channels).bind(contacts).fetch_all(tx.conn()).await
}

/// Says which conversations this batch opened.
pub(crate) fn announce_opened(tx: &mut OrgTx, conv: &Conv) {
    let fact = Fact::ConversationOpened {
        conversation: conv.id,
        contact: conv.contact_id,
        channel: conv.channel_id,
        kind: conv.kind(),
    };
    tx.append(Event::new(Subject::Conversation(conv.id), Actor::Contact(conv.contact_id), fact));
}

/// Writes changed conversations back with one statement.
pub(crate) async fn save(tx: &mut OrgTx, convs: &[&Conv]) -> Result<(), sqlx::Error> {
    let mut rows = ConvRows::default();
    for conv in convs.iter().filter(|conv| conv.dirty) {
        rows.push(conv);
    }
    if rows.ids.is_empty() {
        return Ok(());
    }
    rows.bound_to(UPDATE, tx.org()).execute(tx.conn()).await?;
    Ok(())
}

/// Writes conversations over what is there, from one array a column; found by their ids, so that the plan goes by the key.
const UPDATE: &str = "update conversations c set recipient = n.recipient, status = n.status, holder = n.holder, fence = n.fence, turn = n.turn, \
      quiet_turn = n.quiet_turn, language = n.language, inbound_count = n.inbound_count, unresolved = n.unresolved, held_back = n.held_back, \
      escalation = n.escalation, last_inbound_at = n.last_inbound_at, last_outbound_at = n.last_outbound_at, \
      last_message_at = n.last_message_at, waiting_since = n.waiting_since, window_from = n.window_from, preview = n.preview, \
      last_writer = n.last_writer, unread = n.unread, sentiment = n.sentiment, urgency = n.urgency, opted_out = n.opted_out, \
      snoozed_until = n.snoozed_until \
    from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::int[], \
      $11::int[], $12::boolean[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], \
      $18::timestamptz[], $19::text[], $20::text[], $21::int[], $22::text[], $23::text[], $24::boolean[], $25::timestamptz[]) \
      as n (id, recipient, status, holder, fence, turn, quiet_turn, language, inbound_count, unresolved, held_back, escalation, \
      last_inbound_at, last_outbound_at, last_message_at, waiting_since, window_from, preview, last_writer, unread, sentiment, urgency, \
      opted_out, snoozed_until) \
    where c.org_id = $1 and c.id = any($2::uuid[]) and c.id = n.id";

/// A statement and the values of its parameters.
type Statement = sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// The columns of conversations to write, one array each.
#[derive(Default)]
pub(super) struct ConvRows<'a> {
    ids: Vec<Uuid>,
    recipients: Vec<&'a str>,
    statuses: Vec<&'a str>,
    holders: Vec<&'a str>,
    fences: Vec<i64>,
    turns: Vec<i64>,
    quiet_turns: Vec<i64>,
    languages: Vec<Option<&'a str>>,
    inbound_counts: Vec<i32>,
    unresolved: Vec<i32>,
    held_back: Vec<bool>,
    escalations: Vec<Option<&'a str>>,
    last_inbound_at: Vec<Option<DateTime<Utc>>>,
    last_outbound_at: Vec<Option<DateTime<Utc>>>,
    last_message_at: Vec<DateTime<Utc>>,
    waiting_since: Vec<Option<DateTime<Utc>>>,
    window_from: Vec<Option<DateTime<Utc>>>,
    previews: Vec<&'a str>,
    last_writers: Vec<&'a str>,
    unread: Vec<i32>,
    sentiments: Vec<Option<&'a str>>,
    urgencies: Vec<Option<&'a str>>,
    opted_out: Vec<bool>,
    snoozed_until: Vec<Option<DateTime<Utc>>>,
}

impl<'a> ConvRows<'a> {
    pub(super) fn push(&mut self, conv: &'a Conv) {
        self.ids.push(conv.id.uuid());
        self.recipients.push(&conv.recipient);
        self.statuses.push(&conv.status);
        self.holders.push(&conv.holder);
        self.fences.push(conv.fence);
        self.turns.push(conv.turn);
        self.quiet_turns.push(conv.quiet_turn);
        self.languages.push(conv.language.as_deref());
        self.inbound_counts.push(conv.inbound_count);
        self.unresolved.push(conv.unresolved);
        self.held_back.push(conv.held_back);
        self.escalations.push(conv.escalation.as_deref());
        self.last_inbound_at.push(conv.last_inbound_at);
        self.last_outbound_at.push(conv.last_outbound_at);
        self.last_message_at.push(conv.last_message_at);
        self.waiting_since.push(conv.waiting_since);
        self.window_from.push(conv.window_from);
        self.previews.push(&conv.preview);
        self.last_writers.push(&conv.last_writer);
        self.unread.push(conv.unread);
        self.sentiments.push(conv.sentiment.as_deref());
        self.urgencies.push(conv.urgency.as_deref());
        self.opted_out.push(conv.opted_out);
        self.snoozed_until.push(conv.snoozed_until);
    }

    /// A statement with the organisation as its first parameter and these columns, in their order, as the next 24.
    pub(super) fn bound_to(self, sql: &'static str, org: OrgId) -> Statement {
        sqlx::query(sql)
            .bind(org)
            .bind(self.ids)
            .bind(self.recipients)
            .bind(self.statuses)
            .bind(self.holders)
            .bind(self.fences)
            .bind(self.turns)
            .bind(self.quiet_turns)
            .bind(self.languages)
            .bind(self.inbound_counts)
            .bind(self.unresolved)
            .bind(self.held_back)
            .bind(self.escalations)
            .bind(self.last_inbound_at)
            .bind(self.last_outbound_at)
            .bind(self.last_message_at)
            .bind(self.waiting_since)
            .bind(self.window_from)
            .bind(self.previews)
            .bind(self.last_writers)
            .bind(self.unread)
            .bind(self.sentiments)
            .bind(self.urgencies)
            .bind(self.opted_out)
            .bind(self.snoozed_until)
    }
}
