//! A house with a connected page in it, whose work is done by hand: a test decides what happens between two steps.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use inbox::Core;
use inbox::contacts::{ContactBook, ContactCard, Person, Resolved};
use kernel::Clock;
use kernel::config::Secret;
use kernel::db::OrgTx;
use kernel::ids::ContactId;
use kernel::queue::{Handlers, Lane, run_waiting};
use kernel::testing::{TestDb, until};
use serde_json::{Value, json};
use shell::testing::TestWeb;
use shell::{Role, Settings};
use sqlx::{Connection, PgConnection};
use standins::{Author, Manners, Platform, World, WorldConfig, Writing, sign};
use tokio::net::TcpListener;

/// The seeded page and its token.
const PAGE: &str = "104500000000001";
const TOKEN: &str = "EAAPAGETOKEN104500000000001";
const APP_SECRET: &str = "standin_meta_app_secret";
/// What the house knows.
const HOURS: &str = "What are your opening hours? Our opening hours are Monday to Friday from 8:00 to 18:00.";

/// Remembers people by the platform's id, and fails over those it is told to refuse.
#[derive(Default)]
struct Book {
    known: Mutex<HashMap<String, ContactId>>,
    refused: Mutex<HashSet<String>>,
}

#[async_trait]
impl ContactBook for Book {
    async fn resolve(&self, tx: &mut OrgTx, people: &[Person]) -> anyhow::Result<Vec<Resolved>> {
        let refused = self.refused.lock().expect("no test panics with it").clone();
        anyhow::ensure!(!people.iter().any(|person| refused.contains(&person.platform_id)), "somebody is refused");
        let mut known = self.known.lock().expect("no test panics with it");
        let contact =
            |person: &Person| *known.entry(person.platform_id.clone()).or_insert_with(|| ContactId::new(tx.clock()));
        Ok(people.iter().map(contact).map(|contact| Resolved { contact, created: false }).collect())
    }

    async fn cards(&self, _: &mut OrgTx, _: &[ContactId]) -> anyhow::Result<HashMap<ContactId, ContactCard>> {
        Ok(HashMap::new())
    }

    async fn find(&self, _: &mut OrgTx, _: &str, _: i64) -> anyhow::Result<Vec<ContactId>> {
        Ok(Vec::new())
    }
}

#[derive(Clone)]
pub struct House {
    pub world: World,
    web: Arc<TestWeb>,
    book: Arc<Book>,
    handlers: Handlers,
}

impl House {
    pub async fn new() -> Self {
        let world = World::start(WorldConfig::unlimited()).await.expect("the stand-ins start");
        let db = TestDb::new().await;
        let kernel = db
            .kernel_with(Clock::system(), |config| {
                let meta = &mut config.connectors.meta;
                meta.base_url = world.meta.base_url().to_owned();
                meta.app_id = "263902037430900".into();
                meta.app_secret = Secret::new(APP_SECRET);
                meta.verify_token = Secret::new("a verify token");
            })
            .await;
        let book = Arc::new(Book::default());
        let core = Core::new(kernel.clone(), Arc::clone(&book) as Arc<dyn ContactBook>, None);
        let web = TestWeb::over(db, kernel, Settings::default(), |app| vec![inbox::room(&core, app)]);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let service = web.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let mut handlers = Handlers::default();
        inbox::handlers(&core, &mut handlers);
        let house = Self { world, web: Arc::new(web), book, handlers };
        house.furnish(&base).await;
        house
    }

    /// Connects the page, and teaches the opening hours.
    async fn furnish(&self, base: &str) {
        let org = self.web.org("Northwind").await;
        let admin = self.web.token(org, Role::Admin);
        let channel = json!({ "type": "facebook", "name": "Page", "platform_account_id": PAGE, "access_token": TOKEN });
        let knowledge = json!({ "title": "Opening hours", "text": HOURS });
        for (path, body) in [("/v2/channels", channel), ("/v2/knowledge/documents", knowledge)] {
            let answer = self.web.post(&admin, path, &body).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        self.run(Lane::Ingest).await;
        assert!(self.world.meta.verify_webhook(&format!("{base}/webhooks/facebook"), "a verify token").await);
        // No echoes and receipts but where a test wants them.
        self.world.meta.manners(|manners: &mut Manners| {
            manners.echoes = false;
            manners.receipts = false;
            manners.reads = false;
        });
    }

    /// Does what waits in a lane now.
    pub async fn run(&self, lane: Lane) -> usize {
        run_waiting(&self.web.kernel.db, &self.handlers, lane).await.expect("the lane runs")
    }

    /// A contact's message as the page's webhook tells it, some seconds from now.
    pub fn says(&self, person: &str, mid: &str, text: &str, seconds: i64) -> Value {
        let message = json!({ "mid": mid, "text": text });
        json!({ "sender": { "id": person }, "recipient": { "id": PAGE }, "timestamp": self.millis(seconds), "message": message })
    }

    /// The same of a button that a contact pressed.
    pub fn presses(&self, person: &str, mid: &str, title: &str, seconds: i64) -> Value {
        let postback = json!({ "mid": mid, "title": title, "payload": "PRESSED" });
        json!({ "sender": { "id": person }, "recipient": { "id": PAGE }, "timestamp": self.millis(seconds), "postback": postback })
    }

    /// The same of a reply that a person wrote in the platform's own app.
    pub fn native(&self, person: &str, mid: &str, text: &str, seconds: i64) -> Value {
        let message = json!({ "mid": mid, "text": text, "is_echo": true, "app_id": 1 });
        json!({ "sender": { "id": PAGE }, "recipient": { "id": person }, "timestamp": self.millis(seconds), "message": message })
    }

    fn millis(&self, seconds: i64) -> i64 {
        self.web.kernel.clock.now().timestamp_millis() + seconds * 1000
    }

    /// The platform delivers events of the page in one body; they are kept, and nothing is done about them yet.
    pub async fn delivers(&self, events: &[Value]) {
        let body = json!({ "object": "page", "entry": [{ "id": PAGE, "time": 1, "messaging": events }] }).to_string();
        let request = Request::post("/webhooks/facebook")
            .header("content-type", "application/json")
            .header("x-hub-signature-256", sign::meta(APP_SECRET, body.as_bytes()))
            .body(Body::from(body))
            .expect("a request");
        let answer = self.web.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Somebody writes; the delivery is on its way.
    pub fn begins_to_write(&self, person: &str, text: &str) {
        self.world.customer_writes(&Writing::text(Platform::Messenger, PAGE, person, text)).expect("a known account");
    }

    /// Somebody writes, and the delivery is kept; nothing is done about it yet.
    pub async fn writes(&self, person: &str, text: &str) {
        self.begins_to_write(person, text);
        self.world.quiet().await;
    }

    /// Somebody writes, and it is read: an answer may wait to be sent, or a turn to be taken.
    pub async fn hears(&self, person: &str, text: &str) {
        self.writes(person, text).await;
        assert!(self.run(Lane::Inbound).await > 0, "there was something to read");
    }

    /// From now on whatever is delivered of somebody cannot be handled, or can again.
    pub fn refuses(&self, person: &str, refused: bool) {
        let mut all = self.book.refused.lock().expect("no test panics with it");
        if refused {
            all.insert(person.to_owned());
        } else {
            all.remove(person);
        }
    }

    /// Takes the turns that wait, and sends what waits.
    pub async fn answers(&self) {
        self.run(Lane::Ai).await;
        self.run(Lane::Outbound).await;
    }

    /// What somebody sees of ours.
    pub fn seen(&self, person: &str) -> Vec<String> {
        let thread = self.world.thread(Platform::Messenger, PAGE, person);
        let ours = thread.into_iter().filter(|message| message.author == Author::App);
        ours.filter_map(|message| message.text).collect()
    }

    /// The platform's ids of the same.
    pub fn seen_ids(&self, person: &str) -> Vec<String> {
        let thread = self.world.thread(Platform::Messenger, PAGE, person);
        thread.into_iter().filter(|message| message.author == Author::App).map(|message| message.id).collect()
    }

    /// A connection of the database's owner, for what somebody else does meanwhile.
    pub async fn owner(&self) -> PgConnection {
        self.web.db.owner().await
    }

    /// One value of the database, as its owner sees it.
    pub async fn value<T>(&self, sql: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        let mut owner = self.web.db.owner().await;
        let value = sqlx::query_scalar(sql).fetch_one(&mut owner).await.expect("a value");
        owner.close().await.expect("closed");
        value
    }

    /// Waits until a question to the database is answered with true.
    pub async fn until(&self, what: &str, sql: &'static str) {
        until(what, || async { self.value::<bool>(sql).await.then_some(()) }).await;
    }
}
