//! A house with the leads room in it, its followers and its queue.

use std::time::Duration;

use kernel::channel::ChannelKind;
use kernel::ids::{ChannelId, ContactId, ConversationId, DecisionId, LeadId, MessageId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject, catch_up};
use kernel::queue::{Handlers, Queue, Running};
use kernel::testing::{TestDb, until};
use kernel::{Clock, Kernel};
use leads::Core;
use leads::contacts::{Field, Person, resolve};
use serde_json::Value;
use shell::testing::TestWeb;
use shell::{Role, Settings};
use sqlx::Connection;
use standins::hubspot::{HubSpot, HubSpotConfig};
use standins::{Handle, Rule};

pub const TOKEN: &str = "pat-na1-standin-0001";

pub struct House {
    pub web: TestWeb,
    pub core: Core,
    pub hubspot: Handle<HubSpot>,
    pub org: OrgId,
}

impl House {
    pub async fn new() -> Self {
        let config = HubSpotConfig { limits: standins::hubspot::HubSpotLimits::LIFTED, ..HubSpotConfig::default() };
        let hubspot = HubSpot::start(config, ([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let db = TestDb::new().await;
        let base_url = hubspot.base_url().to_owned();
        let kernel = db
            .kernel_with(Clock::system(), |config| {
                config.connectors.hubspot.base_url = base_url;
                config.connectors.hubspot.client_id = "standin-hubspot-client".into();
                config.connectors.hubspot.client_secret = kernel::config::Secret::new("standin-hubspot-secret");
            })
            .await;
        let core = Core::new(kernel.clone());
        let web = TestWeb::over(db, kernel, Settings::default(), |app| vec![leads::room(&core, app)]);
        let org = web.org("Northwind").await;
        Self { web, core, hubspot, org }
    }

    pub fn kernel(&self) -> &Kernel {
        &self.web.kernel
    }

    pub fn agent(&self) -> String {
        self.web.token(self.org, Role::Agent)
    }

    pub fn admin(&self) -> String {
        self.web.token(self.org, Role::Admin)
    }

    /// A contact who wrote on Instagram.
    pub async fn contact(&self, name: &str) -> ContactId {
        let vault = self.kernel().vault.of(self.org).await.expect("keys");
        let mut tx = self.kernel().db.begin(self.org).await.expect("a transaction");
        let channel = ChannelId::new(&self.kernel().clock);
        let id = MessageId::new(&self.kernel().clock).to_string();
        let person = Person {
            channel,
            kind: ChannelKind::Instagram,
            ids: vec![&id],
            phone: None,
            name: Some(name),
            username: None,
        };
        let found = resolve(&mut tx, &vault, &[person]).await.expect("a contact");
        tx.commit().await.expect("committed");
        found[0].contact
    }

    /// Keeps a contact's e-mail address.
    pub async fn email(&self, contact: ContactId, address: &str) {
        let vault = self.kernel().vault.of(self.org).await.expect("keys");
        let (sealed, index) = Field::Email.seal(&vault, contact, address).expect("sealed");
        let mut owner = self.web.db.owner().await;
        sqlx::query("update contacts set email = $2, email_index = $3 where id = $1")
            .bind(contact)
            .bind(sealed)
            .bind(index)
            .execute(&mut owner)
            .await
            .expect("updated");
        owner.close().await.expect("closed");
    }

    /// A message of a contact that showed signals, as the inbox tells of it.
    pub async fn writes(&self, contact: ContactId, conversation: ConversationId, signals: &[&str], count: i32) {
        let clock = &self.kernel().clock;
        let fact = Fact::MessageUnderstood {
            conversation,
            contact,
            message: MessageId::new(clock),
            channel: ChannelKind::Instagram,
            decision: DecisionId::new(clock),
            language: "en".into(),
            topic: "whitening".into(),
            intent: "book_appointment".into(),
            intent_confidence: 0.9,
            sentiment: "positive".into(),
            sentiment_score: 0.4,
            urgency: "normal".into(),
            signals: signals.iter().map(|&signal| signal.to_owned()).collect(),
            inbound_count: count,
            flags: Vec::new(),
        };
        let mut tx = self.kernel().db.begin(self.org).await.expect("a transaction");
        tx.append(Event::new(Subject::Conversation(conversation), Actor::Contact(contact), fact));
        tx.commit().await.expect("committed");
    }

    /// Lets every follower catch up, twice: what the scorer told is news for the others.
    pub async fn follow(&self) {
        for _ in 0..2 {
            // A follower reads no further than the oldest transaction still running, which may be another test's.
            until("the ledger to be settled", || async {
                let open = "select count(*) from events where xact_id >= pg_snapshot_xmin(pg_current_snapshot())";
                (self.count(open).await == 0).then_some(())
            })
            .await;
            for follower in leads::followers(&self.core) {
                catch_up(&self.kernel().db, follower.as_ref()).await.expect("it follows");
            }
        }
    }

    /// A lead whose contact is hot after one message.
    pub async fn hot(&self, name: &str) -> (LeadId, ContactId) {
        let contact = self.contact(name).await;
        let conversation = ConversationId::new(&self.kernel().clock);
        self.writes(contact, conversation, &["price_or_buying", "availability", "demo_or_trial", "urgency"], 1).await;
        self.follow().await;
        (self.lead_of(contact).await, contact)
    }

    pub async fn lead_of(&self, contact: ContactId) -> LeadId {
        let mut owner = self.web.db.owner().await;
        sqlx::query_scalar("select id from leads where contact_id = $1")
            .bind(contact)
            .fetch_one(&mut owner)
            .await
            .expect("a lead")
    }

    pub async fn connect(&self) {
        let answer = self
            .web
            .call(
                &self.admin(),
                "PUT".parse().expect("a method"),
                "/v2/crm/hubspot",
                Some(&serde_json::json!({"access_token": TOKEN})),
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    pub async fn work(&self) -> Running {
        let mut handlers = Handlers::default();
        leads::handlers(&self.core, &mut handlers);
        Queue::new(self.kernel().db.clone(), handlers).start("worker").await.expect("a worker starts")
    }

    /// Runs jobs until none is left to run now.
    pub async fn drain(&self) {
        let running = self.work().await;
        until("the queue to be empty", || async {
            (self.count("select count(*) from jobs where run_at <= now() + interval '1 second'").await == 0)
                .then_some(())
        })
        .await;
        running.drain(Duration::from_secs(5)).await;
    }

    /// Lets waiting jobs run now.
    pub async fn hurry(&self) {
        let mut owner = self.web.db.owner().await;
        sqlx::query("update jobs set run_at = now()").execute(&mut owner).await.expect("updated");
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut owner = self.web.db.owner().await;
        let count = sqlx::query_scalar(sql).fetch_one(&mut owner).await.expect("a count");
        owner.close().await.expect("closed");
        count
    }

    pub async fn text(&self, sql: &'static str) -> String {
        let mut owner = self.web.db.owner().await;
        let text: Option<String> = sqlx::query_scalar(sql).fetch_one(&mut owner).await.expect("a text");
        owner.close().await.expect("closed");
        text.unwrap_or_default()
    }

    pub fn fails(&self, endpoint: &str, fault: standins::Fault) {
        self.hubspot.fail(Rule::next(endpoint, 1, fault));
    }

    pub async fn patch(&self, token: &str, path: &str, body: &Value) -> shell::testing::Answer {
        self.web.call(token, "PATCH".parse().expect("a method"), path, Some(body)).await
    }
}
