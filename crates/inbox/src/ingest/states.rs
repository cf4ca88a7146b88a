//! What platforms say of our messages: sent, delivered, read, failed. States only move forward.

use chrono::{DateTime, Utc};
use connectors::channel::{Item, Kind, StatusState};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ConversationId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::OrgVault;
use serde_json::Value;
use uuid::Uuid;

/// News of one message, or of all messages of a thread up to a watermark.
#[derive(Clone, Debug)]
pub(super) struct News {
    pub channel: ChannelId,
    /// The platform's id of the message.
    pub mid: Option<String>,
    /// Our own key, where the platform returned it.
    pub key: Option<Uuid>,
    /// The contact's platform id with a watermark: everything sent before it.
    pub before: Option<(String, DateTime<Utc>)>,
    pub state: &'static str,
    pub at: DateTime<Utc>,
    pub code: Option<String>,
    pub detail: Option<String>,
}

impl News {
    /// Reads an event as news of messages; empty when it is something else.
    pub(super) fn of(channel: ChannelId, item: &Item) -> Vec<Self> {
        let one = |mid: Option<String>, state| Self {
            channel,
            mid,
            key: None,
            before: None,
            state,
            at: item.at,
            code: None,
            detail: None,
        };
        match &item.kind {
            Kind::Status(status) => {
                let state = match status.state {
                    StatusState::Sent => "sent",
                    StatusState::Delivered => "delivered",
                    StatusState::Read => "read",
                    StatusState::Failed => "failed",
                    StatusState::Other(_) => return Vec::new(),
                };
                let key = status.callback_data.as_deref().and_then(our_key);
                let code = status.error.as_ref().and_then(|error| error.code).map(|code| code.to_string());
                let detail =
                    status.error.as_ref().and_then(|error| error.detail.clone().or_else(|| error.title.clone()));
                vec![Self { key, code, detail, ..one(Some(status.mid.clone()), state) }]
            }
            Kind::Delivered { mids, watermark } if mids.is_empty() => {
                watermark.map(|mark| Self::until(channel, item, "delivered", mark)).into_iter().collect()
            }
            Kind::Delivered { mids, .. } => mids.iter().map(|mid| one(Some(mid.clone()), "delivered")).collect(),
            Kind::Read { mid: Some(mid), .. } => vec![one(Some(mid.clone()), "read")],
            Kind::Read { mid: None, watermark } => {
                watermark.map(|mark| Self::until(channel, item, "read", mark)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The same with the contact's id as conversations hold it.
    pub(super) fn kept(mut self, vault: &OrgVault, kind: ChannelKind) -> Self {
        self.before = self.before.map(|(id, mark)| (vault.kept_id(kind, &id), mark));
        self
    }

    fn until(channel: ChannelId, item: &Item, state: &'static str, mark: DateTime<Utc>) -> Self {
        Self {
            channel,
            mid: None,
            key: None,
            before: Some((item.sender_key.clone(), mark)),
            state,
            at: item.at,
            code: None,
            detail: None,
        }
    }
}

/// Reads our own key back: the message's id as text.
pub(super) fn our_key(text: &str) -> Option<Uuid> {
    text.parse::<MessageId>().ok().map(MessageId::uuid)
}

/// A message whose state changed.
#[derive(sqlx::FromRow)]
pub(super) struct Changed {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub state: String,
    pub state_code: Option<String>,
}

/// Applies news with one statement and says in the ledger what changed. Returns the changed messages.
pub(super) async fn apply(tx: &mut OrgTx, news: &[News]) -> Result<Vec<Changed>, sqlx::Error> {
    if news.is_empty() {
        return Ok(Vec::new());
    }
    let changed: Vec<Changed> = sqlx::query_as(
        "with news as (select * from jsonb_to_recordset($2) as n (channel_id uuid, mid text, key uuid, recipient text, \
             before timestamptz, state text, at timestamptz, code text, detail text)), \
           hit as (\
             select m.id, n.* from news n cross join lateral (select f.id from messages f \
               where f.org_id = $1 and f.channel_id = n.channel_id and f.platform_id = n.mid offset 0) m \
             union all select m.id, n.* from news n cross join lateral (select f.id from messages f \
               where f.org_id = $1 and f.id = n.key offset 0) m \
             union all select m.id, n.* from news n cross join lateral (select f.id from conversations f \
                 where f.org_id = $1 and f.channel_id = n.channel_id and f.recipient = n.recipient offset 0) c \
               cross join lateral (select f.id from messages f where f.org_id = $1 and f.conversation_id = c.id \
                 and f.direction = 'outbound' and f.at <= n.before and f.state in ('sent', 'delivered') offset 0) m \
               where n.before is not null), \
           best as (select distinct on (id) *, min(at) filter (where state in ('delivered', 'read')) over (partition by id) as there_at \
             from hit order by id, recoup_state_rank(state) desc, at) \
         update messages m set state = b.state, state_code = coalesce(b.code, m.state_code), state_detail = coalesce(b.detail, m.state_detail), \
           platform_id = coalesce(m.platform_id, b.mid), sent_at = coalesce(m.sent_at, b.at), \
           delivered_at = case when b.state in ('delivered', 'read') then coalesce(m.delivered_at, b.there_at) else m.delivered_at end, \
           read_at = case when b.state = 'read' then coalesce(m.read_at, b.at) else m.read_at end \
         from best b where m.org_id = $1 and m.id = any(array(select id from best)) and m.id = b.id and m.direction = 'outbound' \
           and recoup_state_rank(b.state) > recoup_state_rank(m.state) \
         returning m.id, m.conversation_id, m.state, m.state_code",
    )
    .bind(tx.org())
    .bind(Value::Array(news.iter().map(row).collect()))
    .fetch_all(tx.conn())
    .await?;
    for message in &changed {
        let fact = Fact::MessageState {
            conversation: message.conversation_id,
            message: message.id,
            state: message.state.clone(),
            code: message.state_code.clone(),
        };
        tx.append(Event::new(Subject::Conversation(message.conversation_id), Actor::System, fact));
    }
    Ok(changed)
}

fn row(news: &News) -> Value {
    serde_json::json!({
        "channel_id": news.channel.uuid(), "mid": news.mid, "key": news.key,
        "recipient": news.before.as_ref().map(|(recipient, _)| recipient), "before": news.before.as_ref().map(|(_, before)| before),
        "state": news.state, "at": news.at, "code": news.code, "detail": news.detail,
    })
}
