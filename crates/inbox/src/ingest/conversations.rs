//! The conversations of a batch: found or opened, locked, changed in memory, written back with one statement.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, ConversationId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::{OrgVault, VaultError};
use uuid::Uuid;

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

impl Conv {
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

/// Finds or opens the conversation of each thread and locks it. Keyed by channel and contact.
pub(crate) async fn lock(
    tx: &mut OrgTx,
    vault: &OrgVault,
    threads: &[Thread],
) -> Result<HashMap<(ChannelId, ContactId), Conv>, VaultError> {
    let mut wanted: Vec<&Thread> = threads.iter().collect();
    wanted.sort_by_key(|thread| (thread.channel, thread.contact, thread.at));
    wanted.dedup_by_key(|thread| (thread.channel, thread.contact));
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let found = select(tx, &wanted).await?;
    let mut known: HashMap<_, _> = found.into_iter().map(|conv| ((conv.channel_id, conv.contact_id), conv)).collect();
    let missing: Vec<&Thread> =
        wanted.iter().copied().filter(|thread| !known.contains_key(&(thread.channel, thread.contact))).collect();
    if !missing.is_empty() {
        for mut conv in open(tx, vault, &missing).await? {
            conv.opened = true;
            known.insert((conv.channel_id, conv.contact_id), conv);
        }
        // Another batch may have opened one in between: it is locked by reading it again.
        let elsewhere: Vec<&Thread> =
            missing.into_iter().filter(|thread| !known.contains_key(&(thread.channel, thread.contact))).collect();
        if !elsewhere.is_empty() {
            let found = select(tx, &elsewhere).await?;
            known.extend(found.into_iter().map(|conv| ((conv.channel_id, conv.contact_id), conv)));
        }
    }
    Ok(known)
}

/// Locks conversations by id.
pub(crate) async fn lock_by_id(tx: &mut OrgTx, ids: &[Uuid]) -> Result<Vec<Conv>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from conversations where org_id = $1 and id = any($2) order by id for update");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).fetch_all(tx.conn()).await
}

async fn select(tx: &mut OrgTx, threads: &[&Thread]) -> Result<Vec<Conv>, sqlx::Error> {
    let channels: Vec<Uuid> = threads.iter().map(|thread| thread.channel.uuid()).collect();
    let contacts: Vec<Uuid> = threads.iter().map(|thread| thread.contact.uuid()).collect();
    let sql = format!(
        "select {COLUMNS} from conversations where org_id = $1 and id = any(array(select c.id \
         from unnest($2::uuid[], $3::uuid[]) as w (channel_id, contact_id) cross join lateral (select f.id from conversations f \
           where f.org_id = $1 and f.channel_id = w.channel_id and f.contact_id = w.contact_id offset 0) c)) \
         order by id for update"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(channels).bind(contacts).fetch_all(tx.conn()).await
}

/// Opens threads' conversations; gives those that were not there.
async fn open(tx: &mut OrgTx, vault: &OrgVault, threads: &[&Thread]) -> Result<Vec<Conv>, VaultError> {
    let sealed = threads
        .iter()
        .map(|thread| vault.seal_id(thread.kind, thread.channel, &thread.recipient))
        .collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<Uuid> = threads.iter().map(|_| ConversationId::new(tx.clock()).uuid()).collect();
    let sql = format!(
        "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, recipient_sealed, last_message_at) \
         select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bytea[], $8::timestamptz[]) \
         on conflict (org_id, channel_id, contact_id) do nothing returning {COLUMNS}"
    );
    let opened = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(ids)
        .bind(threads.iter().map(|thread| thread.channel.uuid()).collect::<Vec<_>>())
        .bind(threads.iter().map(|thread| thread.kind.as_str()).collect::<Vec<_>>())
        .bind(threads.iter().map(|thread| thread.contact.uuid()).collect::<Vec<_>>())
        .bind(threads.iter().map(|thread| vault.kept_id(thread.kind, &thread.recipient)).collect::<Vec<_>>())
        .bind(sealed)
        .bind(threads.iter().map(|thread| thread.at).collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await?;
    Ok(opened)
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
    let rows: Vec<serde_json::Value> = convs.iter().filter(|conv| conv.dirty).map(|conv| row(conv)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update conversations c set recipient = n.recipient, status = n.status, holder = n.holder, fence = n.fence, turn = n.turn, quiet_turn = n.quiet_turn, \
           language = n.language, inbound_count = n.inbound_count, unresolved = n.unresolved, held_back = n.held_back, \
           escalation = n.escalation, last_inbound_at = n.last_inbound_at, last_outbound_at = n.last_outbound_at, \
           last_message_at = n.last_message_at, waiting_since = n.waiting_since, window_from = n.window_from, preview = n.preview, \
           last_writer = n.last_writer, unread = n.unread, sentiment = n.sentiment, urgency = n.urgency, opted_out = n.opted_out, \
           snoozed_until = n.snoozed_until \
         from jsonb_to_recordset($2) as n (id uuid, recipient text, status text, holder text, fence bigint, turn bigint, quiet_turn bigint, language text, \
           inbound_count int, unresolved int, held_back boolean, escalation text, last_inbound_at timestamptz, \
           last_outbound_at timestamptz, last_message_at timestamptz, waiting_since timestamptz, window_from timestamptz, \
           preview text, last_writer text, unread int, sentiment text, urgency text, opted_out boolean, snoozed_until timestamptz) \
         where c.org_id = $1 and c.id = any($3) and c.id = n.id",
    )
    .bind(tx.org())
    .bind(serde_json::Value::Array(rows))
    .bind(convs.iter().filter(|conv| conv.dirty).map(|conv| conv.id.uuid()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn row(conv: &Conv) -> serde_json::Value {
    serde_json::json!({
        "id": conv.id.uuid(), "recipient": conv.recipient, "status": conv.status, "holder": conv.holder, "fence": conv.fence,
        "turn": conv.turn, "quiet_turn": conv.quiet_turn, "language": conv.language, "inbound_count": conv.inbound_count, "unresolved": conv.unresolved,
        "held_back": conv.held_back, "escalation": conv.escalation, "last_inbound_at": conv.last_inbound_at,
        "last_outbound_at": conv.last_outbound_at, "last_message_at": conv.last_message_at, "waiting_since": conv.waiting_since,
        "window_from": conv.window_from, "preview": conv.preview, "last_writer": conv.last_writer, "unread": conv.unread,
        "sentiment": conv.sentiment, "urgency": conv.urgency, "opted_out": conv.opted_out, "snoozed_until": conv.snoozed_until,
    })
}
