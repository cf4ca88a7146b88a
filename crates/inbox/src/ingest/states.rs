//! What platforms say of our messages: sent, delivered, read, failed. States only move forward.

use chrono::{DateTime, Utc};
use connectors::channel::{Item, Kind, StatusState};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ConversationId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::OrgVault;
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
    let mut rows = NewsRows::default();
    for one in news {
        rows.push(one);
    }
    let changed: Vec<Changed> = sqlx::query_as(APPLY)
        .bind(tx.org())
        .bind(rows.channels)
        .bind(rows.mids)
        .bind(rows.keys)
        .bind(rows.recipients)
        .bind(rows.before)
        .bind(rows.states)
        .bind(rows.at)
        .bind(rows.codes)
        .bind(rows.details)
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

/// Applies news from one array a column. Most of it names a message in one way: it is looked up in that way alone.
const APPLY: &str = "with news as (select * from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[], \
        $8::timestamptz[], $9::text[], $10::text[]) as n (channel_id, mid, key, recipient, before, state, at, code, detail)), \
      hit as (\
        select m.id, n.mid, n.state, n.at, n.code, n.detail from news n cross join lateral (select f.id from messages f \
          where f.org_id = $1 and f.channel_id = n.channel_id and f.platform_id = n.mid offset 0) m \
          where n.mid is not null \
        union all select m.id, n.mid, n.state, n.at, n.code, n.detail from news n cross join lateral (select f.id from messages f \
          where f.org_id = $1 and f.id = n.key offset 0) m \
          where n.key is not null \
        union all select m.id, n.mid, n.state, n.at, n.code, n.detail from news n \
          cross join lateral (select f.id from conversations f \
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
    returning m.id, m.conversation_id, m.state, m.state_code";

/// The columns of news, one array each.
#[derive(Default)]
struct NewsRows<'a> {
    channels: Vec<Uuid>,
    mids: Vec<Option<&'a str>>,
    keys: Vec<Option<Uuid>>,
    recipients: Vec<Option<&'a str>>,
    before: Vec<Option<DateTime<Utc>>>,
    states: Vec<&'static str>,
    at: Vec<DateTime<Utc>>,
    codes: Vec<Option<&'a str>>,
    details: Vec<Option<&'a str>>,
}

impl<'a> NewsRows<'a> {
    fn push(&mut self, news: &'a News) {
        self.channels.push(news.channel.uuid());
        self.mids.push(news.mid.as_deref());
        self.keys.push(news.key);
        self.recipients.push(news.before.as_ref().map(|(recipient, _)| recipient.as_str()));
        self.before.push(news.before.as_ref().map(|(_, before)| *before));
        self.states.push(news.state);
        self.at.push(news.at);
        self.codes.push(news.code.as_deref());
        self.details.push(news.detail.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use kernel::Kernel;
    use kernel::ids::ContactId;
    use kernel::testing::TestDb;

    use super::*;

    /// A channel's messages. The database goes with the value.
    struct Books {
        tx: OrgTx,
        channel: ChannelId,
        _kernel: Kernel,
        _db: TestDb,
    }

    /// A message as its row says: state, platform's id, when it was delivered and read.
    type Row = (String, Option<String>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

    fn second(at: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_841_600 + at, 0).expect("an instant")
    }

    impl Books {
        async fn new() -> Self {
            let db = TestDb::new().await;
            let kernel = db.kernel().await;
            let org = db.org(&kernel, "Ours").await;
            let tx = kernel.db.begin_by_key(org).await.expect("a transaction");
            Self { channel: ChannelId::new(tx.clock()), tx, _kernel: kernel, _db: db }
        }

        /// Opens a thread with somebody.
        async fn with(&mut self, recipient: &str) -> ConversationId {
            let id = ConversationId::new(self.tx.clock());
            let contact = ContactId::new(self.tx.clock());
            sqlx::query(
                "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, last_message_at) \
                 values ($1, $2, $3, 'whatsapp', $4, $5, $6)",
            )
            .bind(self.tx.org())
            .bind(id)
            .bind(self.channel)
            .bind(contact)
            .bind(recipient)
            .bind(second(0))
            .execute(self.tx.conn())
            .await
            .expect("a thread");
            id
        }

        /// Keeps a message of ours, or of the contact where it was received.
        async fn keep(
            &mut self,
            conversation: ConversationId,
            state: &str,
            mid: Option<&str>,
            at: DateTime<Utc>,
        ) -> MessageId {
            let id = MessageId::new(self.tx.clock());
            let (direction, writer) = if state == "received" { ("inbound", "contact") } else { ("outbound", "bot") };
            sqlx::query(
                "insert into messages (org_id, id, conversation_id, channel_id, direction, writer, platform_id, state, at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(self.tx.org())
            .bind(id)
            .bind(conversation)
            .bind(self.channel)
            .bind(direction)
            .bind(writer)
            .bind(mid)
            .bind(state)
            .bind(at)
            .execute(self.tx.conn())
            .await
            .expect("a message");
            id
        }

        async fn row(&mut self, id: MessageId) -> Row {
            sqlx::query_as(
                "select state, platform_id, delivered_at, read_at from messages where org_id = $1 and id = $2",
            )
            .bind(self.tx.org())
            .bind(id)
            .fetch_one(self.tx.conn())
            .await
            .expect("the message")
        }

        /// News that names no message yet.
        fn news(&self, state: &'static str, at: i64) -> News {
            News {
                channel: self.channel,
                mid: None,
                key: None,
                before: None,
                state,
                at: second(at),
                code: None,
                detail: None,
            }
        }

        /// News of a message by the platform's id.
        fn of(&self, mid: &str, state: &'static str, at: i64) -> News {
            News { mid: Some(mid.to_owned()), ..self.news(state, at) }
        }

        /// Applies news; gives which messages changed, in their order.
        async fn hear(&mut self, news: &[News]) -> Vec<MessageId> {
            let mut changed: Vec<MessageId> =
                apply(&mut self.tx, news).await.expect("news").iter().map(|message| message.id).collect();
            changed.sort();
            changed
        }
    }

    #[tokio::test]
    async fn a_message_is_found_in_whichever_way_it_is_named_and_no_other_is() {
        let mut books = Books::new().await;
        let (asha, bo) = (books.with("asha").await, books.with("bo").await);
        let by_mid = books.keep(asha, "sent", Some("m_1"), second(0)).await;
        let by_key = books.keep(asha, "sending", None, second(0)).await;
        let unnamed = books.keep(asha, "sent", Some("m_3"), second(0)).await;
        let before = books.keep(bo, "sent", Some("m_4"), second(0)).await;
        let at_mark = books.keep(bo, "delivered", Some("m_5"), second(30)).await;
        let after = books.keep(bo, "sent", Some("m_6"), second(31)).await;
        let failed = books.keep(bo, "failed", None, second(0)).await;
        let theirs = books.keep(bo, "received", Some("m_7"), second(0)).await;
        let elsewhere = News { channel: ChannelId::new(books.tx.clock()), ..books.of("m_3", "read", 40) };
        let news = [
            books.of("m_1", "delivered", 40),
            News { key: Some(by_key.uuid()), ..books.of("m_2", "sent", 41) },
            News { before: Some(("bo".to_owned(), second(30))), ..books.news("read", 42) },
            News { before: Some(("nobody".to_owned(), second(99))), ..books.news("read", 42) },
            books.of("m_7", "read", 43),
            books.of("m_99", "read", 44),
            elsewhere,
        ];
        let mut found = [by_mid, by_key, before, at_mark];
        found.sort();
        assert_eq!(books.hear(&news).await, found);
        let mid = |mid: &str| Some(mid.to_owned());
        assert_eq!(books.row(by_mid).await, ("delivered".into(), mid("m_1"), Some(second(40)), None));
        assert_eq!(books.row(by_key).await, ("sent".into(), mid("m_2"), None, None));
        assert_eq!(books.row(before).await, ("read".into(), mid("m_4"), Some(second(42)), Some(second(42))));
        for (left, state) in [(unnamed, "sent"), (after, "sent"), (failed, "failed"), (theirs, "received")] {
            assert_eq!(books.row(left).await.0, state);
        }
        assert!(books.hear(&news).await.is_empty(), "told again, it is no news");
    }

    #[tokio::test]
    async fn the_furthest_news_of_a_message_counts_and_none_leads_back() {
        let mut books = Books::new().await;
        let asha = books.with("asha").await;
        let seen = books.keep(asha, "sent", Some("m_1"), second(0)).await;
        let lost = books.keep(asha, "sent", Some("m_2"), second(0)).await;
        let refused = News {
            code: Some("131047".to_owned()),
            detail: Some("More than a day has passed.".to_owned()),
            ..books.of("m_2", "failed", 20)
        };
        // The key and the platform's id of one message name it twice.
        let twice = News { key: Some(seen.uuid()), ..books.of("m_1", "read", 30) };
        let news = [books.of("m_1", "delivered", 20), twice, books.of("m_1", "delivered", 25), refused];
        assert_eq!(books.hear(&news).await.len(), 2);
        assert_eq!(books.row(seen).await, ("read".into(), Some("m_1".into()), Some(second(20)), Some(second(30))));
        let why: (String, Option<String>, Option<String>) =
            sqlx::query_as("select state, state_code, state_detail from messages where org_id = $1 and id = $2")
                .bind(books.tx.org())
                .bind(lost)
                .fetch_one(books.tx.conn())
                .await
                .expect("the message");
        assert_eq!(why, ("failed".into(), Some("131047".into()), Some("More than a day has passed.".into())));
        let late = [books.of("m_1", "delivered", 60), books.of("m_2", "delivered", 60)];
        assert!(books.hear(&late).await.is_empty());
    }
}
