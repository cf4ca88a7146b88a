//! A web with the inbox alone, contacts that the test keeps, and conversations as the pipeline would have left them.

use std::collections::HashMap;
use std::sync::Arc;

use ai::decision::Decision;
use async_trait::async_trait;
use inbox::Core;
use inbox::contacts::{ContactBook, ContactCard, Person, Resolved};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, ConversationId, DecisionId, MessageId, OrgId};
use kernel::ledger::Tag;
use serde_json::json;
use shell::Role;
use shell::testing::{Answer, TestWeb};

/// Everybody is Mara Ellison.
pub struct Book;

#[async_trait]
impl ContactBook for Book {
    async fn resolve(&self, tx: &mut OrgTx, people: &[Person]) -> anyhow::Result<Vec<Resolved>> {
        Ok(people.iter().map(|_| Resolved { contact: ContactId::new(tx.clock()), created: true }).collect())
    }

    async fn cards(&self, _: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, ContactCard>> {
        Ok(contacts.iter().map(|id| (*id, card(*id))).collect())
    }

    async fn find(&self, _: &mut OrgTx, _: &str, _: i64) -> anyhow::Result<Vec<ContactId>> {
        Ok(Vec::new())
    }
}

fn card(id: ContactId) -> ContactCard {
    ContactCard {
        id,
        name: "Mara Ellison".to_owned(),
        is_named: true,
        username: Some("mara.e".to_owned()),
        email: Some("mara@example.com".to_owned()),
        phone: None,
        tag: Some(Tag::Hot),
        score: Some(84),
    }
}

pub struct House {
    pub web: TestWeb,
    pub core: Core,
    pub org: OrgId,
}

impl House {
    pub async fn new() -> Self {
        let mut opened = None;
        let web = TestWeb::new(|app| {
            let core = Core::new(app.kernel().clone(), Arc::new(Book), None);
            let room = inbox::room(&core, app);
            opened = Some(core);
            vec![room]
        })
        .await;
        let org = web.org("Northwind Dental").await;
        Self { web, core: opened.expect("the room was built"), org }
    }

    /// A token of somebody with a role.
    pub fn token(&self, role: Role) -> String {
        self.web.token(self.org, role)
    }

    /// A token of an agent who is on record as a member.
    pub async fn agent(&self) -> String {
        let token = self.token(Role::Agent);
        let known = self.web.principal(&token).expect("just introduced");
        let kernel::ledger::Actor::User(user) = known.actor else { panic!("a person") };
        let mut db = self.web.db.owner().await;
        sqlx::query("insert into users (id, email, name, password_hash, created_at) values ($1, $2, 'Dana Whitfield', '', now())")
            .bind(user)
            .bind(format!("{user}@example.com"))
            .execute(&mut db)
            .await
            .expect("a user");
        sqlx::query("insert into members (org_id, id, user_id, role, joined_at) values ($1, $2, $3, 'agent', now())")
            .bind(self.org)
            .bind(known.member)
            .bind(user)
            .execute(&mut db)
            .await
            .expect("a member");
        token
    }

    /// A conversation in which the contact asked and nobody answered yet.
    pub async fn conversation(&self, text: &str) -> ConversationId {
        let clock = &self.web.kernel.clock;
        let (id, channel) = (ConversationId::new(clock), ChannelId::new(clock));
        let mut db = self.web.db.owner().await;
        sqlx::query("insert into channels (org_id, id, kind, name, account_id) values ($1, $2, 'facebook', 'Northwind page', $3)")
            .bind(self.org)
            .bind(channel)
            .bind(channel.to_string())
            .execute(&mut db)
            .await
            .expect("a channel");
        sqlx::query(
            "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, last_message_at, waiting_since, \
               window_from, preview, unread, lead_tag, lead_score) \
             values ($1, $2, $3, 'facebook', $4, '7812', now(), now(), now(), $5, 1, 'HOT', 84)",
        )
        .bind(self.org)
        .bind(id)
        .bind(channel)
        .bind(ContactId::new(clock))
        .bind(text)
        .execute(&mut db)
        .await
        .expect("a conversation");
        self.message(id, "inbound", "contact", "received", text, None).await;
        id
    }

    /// A message of a conversation.
    pub async fn message(
        &self,
        conversation: ConversationId,
        direction: &str,
        writer: &str,
        state: &str,
        text: &str,
        decision: Option<DecisionId>,
    ) -> MessageId {
        let id = MessageId::new(&self.web.kernel.clock);
        sqlx::query(
            "insert into messages (org_id, id, conversation_id, channel_id, direction, writer, body, state, decision_id, at) \
             select org_id, $2, id, channel_id, $4, $5, $6, $7, $8, now() from conversations where org_id = $1 and id = $3",
        )
        .bind(self.org)
        .bind(id)
        .bind(conversation)
        .bind(direction)
        .bind(writer)
        .bind(text)
        .bind(state)
        .bind(decision)
        .execute(&mut self.web.db.owner().await)
        .await
        .expect("a message");
        id
    }

    /// A decision of the bot about a conversation.
    pub async fn decision(&self, conversation: ConversationId, outcome: &str, said: &str) -> DecisionId {
        let kernel = &self.web.kernel;
        let mut decision = Decision::new(self.org, "reply", "inbox/1", &kernel.clock)
            .about(conversation, MessageId::new(&kernel.clock));
        let sources = json!([{"chunk_id": "", "document_id": "", "title": "Prices", "heading": "Whitening", "quote": "Whitening is $249."}]);
        decision.stage(
            "answer",
            "extractive/1",
            &["text"],
            &json!({"text": said, "confidence": 0.82, "sources": sources}),
            std::time::Duration::from_micros(900),
        );
        decision.conclude(outcome, Some(0.82), said);
        let vault = kernel.vault.of(self.org).await.expect("the keys");
        let row = decision.seal(&vault).expect("it seals");
        let mut tx = kernel.db.begin(self.org).await.expect("a transaction");
        ai::decision::insert_many(&mut tx, &[row]).await.expect("it is kept");
        tx.commit().await.expect("it commits");
        decision.id
    }

    /// Changes a conversation as the pipeline would.
    pub async fn set(&self, conversation: ConversationId, change: &str) {
        let sql = format!("update conversations set {change} where id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(conversation)
            .execute(&mut self.web.db.owner().await)
            .await
            .expect("it changes");
    }

    /// One value of a conversation, as text.
    pub async fn value(&self, conversation: ConversationId, column: &str) -> String {
        let sql = format!("select coalesce({column}::text, '') from conversations where id = $1");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(conversation)
            .fetch_one(&mut self.web.db.owner().await)
            .await
            .expect("it is there")
    }

    /// A fragment as htmx asks for it.
    pub async fn fragment(&self, token: &str, path: &str) -> Answer {
        let request = axum::http::Request::get(path)
            .header("cookie", format!("recoup_session={token}"))
            .header("hx-request", "true");
        self.web.send(request.body(axum::body::Body::empty()).expect("a valid request")).await
    }
}

/// Insists that a page came and holds every one of the texts.
pub fn shows(answer: &Answer, texts: &[&str]) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    for text in texts {
        assert!(answer.text.contains(text), "{text:?} is not in {}", answer.text);
    }
}
