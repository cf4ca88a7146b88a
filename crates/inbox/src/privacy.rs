//! What the inbox keeps of contacts: threads, messages, notes, labels, changes of hands, corrections, raw deliveries.

use std::collections::HashSet;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ConversationId, MessageId};
use kernel::privacy::{Expiry, Holder, Opener, Removed, Sheet, Traces};
use kernel::vault::OrgVault;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::receiving::sealed;
use crate::sealing;
use crate::sending::SendJob;

/// Raw deliveries looked through at once.
const STRIDE: i64 = 2_000;

/// Tables of a conversation, in the order in which they are removed.
const OF_CONVERSATION: [&str; 6] = ["corrections", "takeovers", "labels", "notes", "messages", "conversations"];
/// Those of them whose rows are hidden; the others are only reached through a conversation. The conversation comes first: it
/// waits for whoever is adding to it.
const HIDDEN: [&str; 3] = ["conversations", "messages", "notes"];

/// The inbox as a holder.
pub struct Threads {
    kernel: Kernel,
}

impl Threads {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

#[async_trait]
impl Holder for Threads {
    fn name(&self) -> &'static str {
        "inbox"
    }

    async fn gather(&self, tx: &mut OrgTx, traces: &mut Traces) -> anyhow::Result<()> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let threads: Vec<(ConversationId, ChannelId, String, Option<Vec<u8>>)> = sqlx::query_as(
            "select id, channel_id, recipient, recipient_sealed from conversations where org_id = $1 and (contact_id = any($2) or id = any($3))",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .bind(traces.conversation_ids())
        .fetch_all(tx.conn())
        .await?;
        for (id, channel, recipient, sealed) in threads {
            traces.conversations.insert(id);
            traces.add_handle(&vault, channel, recipient, sealed.as_deref());
        }
        let messages: Vec<MessageId> =
            sqlx::query_scalar("select id from messages where org_id = $1 and conversation_id = any($2)")
                .bind(tx.org())
                .bind(traces.conversation_ids())
                .fetch_all(tx.conn())
                .await?;
        traces.messages.extend(messages);
        Ok(())
    }

    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        for table in HIDDEN {
            let column = key(table);
            let sql = format!(
                "update {table} set hidden_at = $3 where org_id = $1 and {column} = any($2) and hidden_at is null"
            );
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(tx.org())
                .bind(traces.conversation_ids())
                .bind(tx.clock().now())
                .execute(tx.conn())
                .await?;
        }
        Ok(())
    }

    async fn restore(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        for table in HIDDEN {
            let column = key(table);
            let sql = format!("update {table} set hidden_at = null where org_id = $1 and {column} = any($2)");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(tx.org())
                .bind(traces.conversation_ids())
                .execute(tx.conn())
                .await?;
        }
        // The jobs that were to send them found nothing and ended. Running twice sends nothing twice.
        let waiting: Vec<(MessageId, ConversationId)> = sqlx::query_as(
            "select id, conversation_id from messages where org_id = $1 and conversation_id = any($2) \
             and state in ('queued', 'sending', 'unknown') order by id",
        )
        .bind(tx.org())
        .bind(traces.conversation_ids())
        .fetch_all(tx.conn())
        .await?;
        for (message, conversation) in waiting {
            tx.enqueue(SendJob::of(message, conversation));
        }
        Ok(())
    }

    async fn export(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        let ids = traces.conversation_ids();
        let sheets = [("messages", MESSAGES), ("attachments", ATTACHMENTS), ("notes", NOTES), ("labels", LABELS)];
        let mut all = vec![self.conversations(tx, &ids).await?];
        for (name, query) in sheets {
            all.push(Sheet::read(tx, name, query, &ids).await?);
        }
        Ok(all)
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let mut removed = remove_conversations(tx, &traces.conversation_ids()).await?;
        removed.push(Removed::new("receipts", forget_receipts(tx, &vault, traces).await?));
        Ok(removed)
    }

    async fn expire(&self, tx: &mut OrgTx, expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let old: Vec<Uuid> = sqlx::query_scalar(
            "select id from conversations where org_id = $1 and last_message_at < $2 and id <> all($3) \
             order by last_message_at, id limit $4",
        )
        .bind(tx.org())
        .bind(expiry.conversations)
        .bind(expiry.held.conversation_ids())
        .bind((expiry.most / 50).max(1))
        .fetch_all(tx.conn())
        .await?;
        let vault = self.kernel.vault.of(tx.org()).await?;
        let mut removed = remove_conversations(tx, &old).await?;
        removed.push(Removed::new("receipts", expire_receipts(tx, &vault, expiry).await?));
        Ok(removed)
    }

    async fn seal(&self, tx: &mut OrgTx, most: i64) -> anyhow::Result<u64> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let conversations = sealing::conversations(tx, &vault, most).await?;
        let our_app = &self.kernel.config.connectors.meta.app_id;
        Ok(conversations + sealing::receipts(tx, &vault, our_app, most).await?)
    }

    fn openers(&self) -> Vec<Opener> {
        vec![
            Opener::marks("conversations", "recipient"),
            Opener::sealed("conversations", "recipient_sealed", |vault, row, sealed| {
                let kept = row.get("recipient")?.as_str()?;
                vault.open_id(channel_of(row)?, kept, Some(sealed)).map(String::into_bytes)
            }),
            Opener::marks("receipts", "people"),
            Opener::sealed("receipts", "sealed", |vault, row, sealed| {
                let event_key = row.get("event_key")?.as_str()?;
                sealed::open(vault, channel_of(row)?, event_key, sealed).ok().map(String::into_bytes)
            }),
        ]
    }
}

impl Threads {
    /// The conversations, each with the person's id there opened.
    async fn conversations(&self, tx: &mut OrgTx, ids: &[Uuid]) -> anyhow::Result<Sheet> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let kept: Vec<(ChannelId, String, Option<Vec<u8>>, Value)> =
            sqlx::query_as(CONVERSATIONS).bind(tx.org()).bind(ids).fetch_all(tx.conn()).await?;
        let rows = kept.into_iter().map(|(channel, recipient, sealed, mut row)| {
            row["their_id_there"] = json!(vault.open_id(channel, &recipient, sealed.as_deref()));
            row
        });
        Ok(Sheet::new("conversations", rows.collect()))
    }
}

fn channel_of(row: &Map<String, Value>) -> Option<ChannelId> {
    Some(ChannelId::from_uuid(row.get("channel_id")?.as_str()?.parse().ok()?))
}

fn key(table: &str) -> &'static str {
    if table == "conversations" { "id" } else { "conversation_id" }
}

async fn remove_conversations(tx: &mut OrgTx, ids: &[Uuid]) -> Result<Vec<Removed>, sqlx::Error> {
    let mut removed = Vec::with_capacity(OF_CONVERSATION.len());
    for table in OF_CONVERSATION {
        let sql = format!("delete from {table} where org_id = $1 and {} = any($2)", key(table));
        let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).execute(tx.conn()).await?;
        removed.push(Removed::new(table, done.rows_affected()));
    }
    Ok(removed)
}

/// A kept delivery as far as it must be known to tell whose it is.
#[derive(sqlx::FromRow)]
struct Delivery {
    id: Uuid,
    channel_id: ChannelId,
    event_key: String,
    people: Vec<String>,
    /// These two only where no marks tell whom it is about.
    sealed: Option<Vec<u8>>,
    raw: Option<String>,
}

const DELIVERIES: &str = "select id, channel_id, event_key, people, case when people = '{}' and channel_id = any($2) then sealed end as sealed, \
    case when people = '{}' and channel_id = any($2) then raw::text end as raw from receipts where org_id = $1";

impl Delivery {
    /// Whether it is the person's: it is about them, or, where we could not read whom it is about, it names them.
    fn is_of(&self, vault: &OrgVault, traces: &Traces) -> bool {
        if !self.people.is_empty() {
            return self.people.iter().any(|mark| traces.handles.contains(&(self.channel_id, mark.clone())));
        }
        let opened =
            self.sealed.as_ref().and_then(|sealed| sealed::open(vault, self.channel_id, &self.event_key, sealed).ok());
        opened.as_ref().or(self.raw.as_ref()).is_some_and(|raw| names(raw, self.channel_id.uuid(), traces))
    }
}

/// The accounts on which the person is known.
fn accounts(traces: &Traces) -> Vec<Uuid> {
    let channels: HashSet<Uuid> = traces.handles.iter().map(|(channel, _)| channel.uuid()).collect();
    channels.into_iter().collect()
}

/// Removes the raw deliveries of the person, in strides: nothing but marks links a delivery to them, and deliveries are kept for
/// weeks, not years.
async fn forget_receipts(tx: &mut OrgTx, vault: &OrgVault, traces: &Traces) -> Result<u64, sqlx::Error> {
    let mut after = Uuid::nil();
    let mut removed = 0;
    loop {
        let page: Vec<Delivery> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{DELIVERIES} and id > $3 order by id limit $4")))
                .bind(tx.org())
                .bind(accounts(traces))
                .bind(after)
                .bind(STRIDE)
                .fetch_all(tx.conn())
                .await?;
        let theirs: Vec<Uuid> = page.iter().filter(|one| one.is_of(vault, traces)).map(|one| one.id).collect();
        removed += remove_receipts(tx, theirs).await?;
        match page.last() {
            Some(last) if page.len() as i64 == STRIDE => after = last.id,
            _ => return Ok(removed),
        }
    }
}

async fn expire_receipts(tx: &mut OrgTx, vault: &OrgVault, expiry: &Expiry) -> Result<u64, sqlx::Error> {
    let old: Vec<Delivery> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{DELIVERIES} and id < recoup_uuid_floor($3) and handled_at is not null order by id limit $4"
    )))
    .bind(tx.org())
    .bind(accounts(&expiry.held))
    .bind(expiry.receipts)
    .bind(expiry.most)
    .fetch_all(tx.conn())
    .await?;
    let free = old.into_iter().filter(|one| !one.is_of(vault, &expiry.held)).map(|one| one.id).collect();
    remove_receipts(tx, free).await
}

async fn remove_receipts(tx: &mut OrgTx, ids: Vec<Uuid>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from receipts where org_id = $1 and id = any($2)")
        .bind(tx.org())
        .bind(ids)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// Whether a raw delivery names the person: one of its values is their id on that account.
fn names(raw: &str, channel: Uuid, traces: &Traces) -> bool {
    let handles: Vec<&str> =
        traces.handles.iter().filter(|(at, _)| at.uuid() == channel).map(|(_, handle)| handle.as_str()).collect();
    if handles.is_empty() {
        return false;
    }
    // What cannot be read as JSON was never handled; it goes if it shows an id at all.
    serde_json::from_str::<Value>(raw)
        .map_or_else(|_| handles.iter().any(|handle| raw.contains(handle)), |value| is_in(&value, &handles))
}

fn is_in(value: &Value, handles: &[&str]) -> bool {
    match value {
        Value::String(text) => {
            handles.iter().any(|handle| text.trim_start_matches('+') == handle.trim_start_matches('+'))
        }
        Value::Number(number) => handles.contains(&number.to_string().as_str()),
        Value::Array(list) => list.iter().any(|item| is_in(item, handles)),
        Value::Object(map) => map.iter().any(|(key, item)| handles.contains(&key.as_str()) || is_in(item, handles)),
        Value::Bool(_) | Value::Null => false,
    }
}

const CONVERSATIONS: &str = "select channel_id, recipient, recipient_sealed, \
    jsonb_build_object('id', id, 'channel', channel_kind, 'their_id_there', null, 'status', status, \
    'language', language, 'sentiment', sentiment, 'urgency', urgency, 'opted_out', opted_out, 'lead_tag', lead_tag, \
    'lead_score', lead_score, 'created_at', created_at, 'last_message_at', last_message_at) \
    from conversations where org_id = $1 and id = any($2) order by id";
const MESSAGES: &str = "select jsonb_build_object('id', m.id, 'conversation', m.conversation_id, 'at', m.at, 'direction', m.direction, \
    'writer', m.writer, 'kind', m.kind, 'text', m.body, 'template', m.template, 'reaction', m.reaction, 'state', m.state, \
    'sent_at', m.sent_at, 'delivered_at', m.delivered_at, 'read_at', m.read_at, 'deleted_at', m.deleted_at, \
    'id_at_the_platform', m.platform_id) from messages m where m.org_id = $1 and m.conversation_id = any($2) order by m.at, m.id";
const ATTACHMENTS: &str = "select jsonb_build_object('message', m.id, 'at', m.at, 'direction', m.direction) || \
    case when jsonb_typeof(a) = 'object' then a else jsonb_build_object('attachment', a) end \
    from messages m cross join lateral jsonb_array_elements(case when jsonb_typeof(m.attachments) = 'array' then m.attachments else '[]' end) a \
    where m.org_id = $1 and m.conversation_id = any($2) order by m.at, m.id";
const NOTES: &str = "select jsonb_build_object('conversation', conversation_id, 'at', created_at, 'text', body) \
    from notes where org_id = $1 and conversation_id = any($2) order by id";
const LABELS: &str = "select jsonb_build_object('conversation', conversation_id, 'label', label, 'added_at', added_at) \
    from labels where org_id = $1 and conversation_id = any($2) order by conversation_id, label";

#[cfg(test)]
mod tests {
    use kernel::Clock;
    use kernel::ids::ContactId;

    use super::*;

    #[test]
    fn a_delivery_is_theirs_by_a_whole_value_on_that_account_only() {
        let clock = Clock::system();
        let (channel, other) = (ChannelId::new(&clock), ChannelId::new(&clock));
        let mut traces = Traces::of(ContactId::new(&clock));
        traces.handles.insert((channel, "7800012".to_owned()));
        let theirs = r#"{"entry":[{"messaging":[{"sender":{"id":"7800012"}}]}]}"#;
        assert!(names(theirs, channel.uuid(), &traces));
        assert!(!names(theirs, other.uuid(), &traces), "another account, another person");
        assert!(names(r#"{"from":7800012}"#, channel.uuid(), &traces));
        assert!(names(r#"{"users":{"7800012":{"name":"A"}}}"#, channel.uuid(), &traces));
        assert!(!names(r#"{"sender":{"id":"78000123"}}"#, channel.uuid(), &traces), "a longer number");
        assert!(!names(r#"{"text":"call 7800012 now"}"#, channel.uuid(), &traces), "somebody else speaks of them");
    }
}
