//! An organisation with an inbox and the door to its site's chats, whose work is done by hand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use inbox::Core;
use inbox::contacts::{ContactBook, ContactCard, Person, Resolved};
use inbox::sending::SendJob;
use inbox::webchat::{Said, Visitor, WebchatDoor, bring};
use kernel::db::OrgTx;
use kernel::ids::{ChatId, ContactId, ConversationId, MessageId, OrgId};
use kernel::queue::{Handlers, Lane, run_waiting};
use serde_json::json;
use shell::Role;
use shell::testing::{Answer, TestWeb};

/// Remembers people by any of their ids.
#[derive(Default)]
struct Book(Mutex<HashMap<String, ContactId>>);

#[async_trait]
impl ContactBook for Book {
    async fn resolve(&self, tx: &mut OrgTx, people: &[Person]) -> anyhow::Result<Vec<Resolved>> {
        let mut known = self.0.lock().expect("no test panics with it");
        let resolved = people.iter().map(|person| {
            let ids: Vec<&String> = std::iter::once(&person.platform_id).chain(&person.also).collect();
            let contact = ids.iter().find_map(|id| known.get(*id)).copied();
            let contact = contact.unwrap_or_else(|| ContactId::new(tx.clock()));
            for id in ids {
                known.insert(id.clone(), contact);
            }
            Resolved { contact, created: false }
        });
        Ok(resolved.collect())
    }

    async fn cards(&self, _: &mut OrgTx, _: &[ContactId]) -> anyhow::Result<HashMap<ContactId, ContactCard>> {
        Ok(HashMap::new())
    }

    async fn find(&self, _: &mut OrgTx, _: &str, _: i64) -> anyhow::Result<Vec<ContactId>> {
        Ok(Vec::new())
    }
}

/// The site's chats, as the inbox reaches them.
#[derive(Default)]
pub struct Door {
    delivered: Mutex<Vec<(ChatId, MessageId, String)>>,
    gone: AtomicBool,
}

impl Door {
    /// Every delivery, also of one message again.
    pub fn delivered(&self) -> Vec<(ChatId, MessageId, String)> {
        self.delivered.lock().expect("no test panics with it").clone()
    }

    /// No chat is there any more.
    pub fn forget(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl WebchatDoor for Door {
    async fn deliver(&self, _: OrgId, chat: ChatId, message: MessageId, text: &str) -> anyhow::Result<bool> {
        if self.gone.load(Ordering::Relaxed) {
            return Ok(false);
        }
        self.delivered.lock().expect("no test panics with it").push((chat, message, text.to_owned()));
        Ok(true)
    }
}

pub struct House {
    pub web: TestWeb,
    pub door: Arc<Door>,
    core: Core,
    org: OrgId,
}

impl House {
    pub async fn new() -> Self {
        let door = Arc::new(Door::default());
        let mut opened = None;
        let web = TestWeb::new(|app| {
            let core = Core::new(app.kernel().clone(), Arc::new(Book::default()), None).with_webchat(door.clone());
            let room = inbox::room(&core, app);
            opened = Some(core);
            vec![room]
        })
        .await;
        let org = web.org("Northwind").await;
        Self { web, door, core: opened.expect("the room was built"), org }
    }

    /// A token of somebody who runs the place.
    pub fn token(&self) -> String {
        self.web.token(self.org, Role::Admin)
    }

    /// Lines of a chat, a moment after one another: whether the assistant said it, and what.
    pub fn said(&self, lines: &[(bool, &str)]) -> Vec<Said> {
        let clock = &self.web.kernel.clock;
        let line = |(by_assistant, text): &(bool, &str)| Said {
            id: MessageId::new(clock),
            by_assistant: *by_assistant,
            text: (*text).to_owned(),
            at: clock.now(),
        };
        lines.iter().map(line).collect()
    }

    /// Brings a chat before people.
    pub async fn brings(&self, chat: ChatId, email: Option<&str>, said: &[Said]) -> (ConversationId, ContactId) {
        let mut tx = self.web.kernel.db.begin(self.org).await.expect("a transaction");
        let visitor = Visitor { chat, name: Some("Dana"), email, phone: None };
        let brought = bring(&self.core, &mut tx, &visitor, said).await.expect("it is brought");
        tx.commit().await.expect("it is kept");
        brought
    }

    /// A member replies.
    pub async fn replies(&self, conversation: ConversationId, text: &str) -> Answer {
        let path = format!("/v2/conversations/{conversation}/messages");
        self.web.post(&self.token(), &path, &json!({ "text": text })).await
    }

    /// Does what waits in a lane now.
    pub async fn run(&self, lane: Lane) -> usize {
        let mut handlers = Handlers::default();
        inbox::handlers(&self.core, &mut handlers);
        run_waiting(&self.web.kernel.db, &handlers, lane).await.expect("the lane runs")
    }

    /// As if a process had died while a message was under way.
    pub async fn set_sending(&self, message: MessageId, since: DateTime<Utc>) {
        sqlx::query("update messages set state = 'sending', sending_since = $2, platform_id = null, announced = false where id = $1")
            .bind(message)
            .bind(since)
            .execute(&mut self.web.db.owner().await)
            .await
            .expect("a message");
    }

    /// Its job comes again.
    pub async fn sends_again(&self, message: MessageId) {
        let mut tx = self.web.kernel.db.begin(self.org).await.expect("a transaction");
        tx.enqueue(SendJob::unkeyed(message));
        tx.commit().await.expect("it is kept");
    }

    pub async fn owner(&self, statement: &'static str) {
        sqlx::query(statement).execute(&mut self.web.db.owner().await).await.expect("a statement");
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.web.db.owner().await).await.expect("a count")
    }

    /// How many facts of a kind there are.
    pub async fn facts(&self, kind: &str) -> i64 {
        sqlx::query_scalar("select count(*) from events where kind = $1")
            .bind(kind)
            .fetch_one(&mut self.web.db.owner().await)
            .await
            .expect("a count")
    }
}
