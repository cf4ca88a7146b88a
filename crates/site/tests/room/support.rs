//! An organisation with a published site, the rooms it asks, a mail server, and a clock that stands.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, header};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use kernel::Clock;
use kernel::config::{MailConfig, MailTls, ProviderConfig};
use kernel::db::OrgTx;
use kernel::ids::{ChatId, ContactId, ConversationId, InquiryId, LeadId, MemberId, OrgId, TaskId, UserId};
use kernel::mail::Postman;
use kernel::queue::{Handlers, Lane, run_waiting};
use kernel::testing::TestDb;
use serde_json::{Value, json};
use shell::testing::{Answer, TestWeb};
use shell::{Role, Settings, Tab};
use site::Core;
use site::ports::{Arrived, Crm, Desk, Figure, Figures, Measured, Person, Reminder, Said, Story};
use standins::Handle;
use standins::mail::Mail;
use tower::ServiceExt as _;

/// Friday, 27 November 2026, 10:00 in London.
pub(crate) const NOW: &str = "2026-11-27T10:00:00Z";
/// A visitor's address.
pub(crate) const VISITOR: [u8; 4] = [203, 0, 113, 7];
/// What a browser says it is.
pub(crate) const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// One installation with one organisation and its site, at the installation's own address.
pub(crate) struct World {
    /// Everything, visitors and members alike: `web.router` is the whole of it.
    pub web: TestWeb,
    pub core: Core,
    pub org: OrgId,
    pub crm: Arc<FakeCrm>,
    pub desk: Arc<FakeDesk>,
    pub figures: Arc<FakeFigures>,
    pub mail: Handle<Mail>,
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

impl World {
    /// A published site with everything on.
    pub(crate) async fn new() -> Self {
        Self::with(&json!({})).await
    }

    /// The same with settings of the site, such as `{"time_zone": "Europe/Berlin"}`.
    pub(crate) async fn with(settings: &Value) -> Self {
        Self::build(settings, Vec::new(), ai::gateway::TIMEOUT).await
    }

    /// The same with models, none of which is waited for longer than that.
    pub(crate) async fn with_models(providers: Vec<ProviderConfig>, timeout: std::time::Duration) -> Self {
        Self::build(&json!({}), providers, timeout).await
    }

    async fn build(settings: &Value, providers: Vec<ProviderConfig>, timeout: std::time::Duration) -> Self {
        let mail = Mail::start(standins::mail::MailConfig::default(), ([127, 0, 0, 1], 0).into())
            .await
            .expect("a mail server");
        let smtp = mail.smtp();
        let db = TestDb::new().await;
        let kernel = db
            .kernel_with(Clock::manual(at(NOW)), |config| {
                config.mail = MailConfig {
                    host: smtp.ip().to_string(),
                    port: Some(smtp.port()),
                    tls: MailTls::None,
                    from: "recoup@example.com".to_owned(),
                    ..MailConfig::default()
                };
                config.ai.providers = providers;
            })
            .await;
        let (crm, desk) = (Arc::new(FakeCrm::default()), Arc::new(FakeDesk::default()));
        let figures = Arc::new(FakeFigures::default());
        let gateway = ai::gateway::Gateway::with_timeout(&kernel, None, timeout);
        let core = Core::new(kernel.clone(), gateway, crm.clone(), desk.clone());
        let mut web =
            TestWeb::over(db, kernel, Settings::default(), |app| vec![site::room(&core, app, figures.clone())]);
        web.router = site::front(&core, web.router.clone(), site::public(&core, &web.app));
        let org = web.org("Northwind Recovery").await;
        let world = Self { web, core, org, crm, desk, figures, mail };
        world.publish(org, None, settings).await;
        world
    }

    /// Another organisation with a site at a domain of its own.
    pub(crate) async fn other(&self, domain: &str) -> OrgId {
        let org = self.web.org("Southwind").await;
        self.publish(org, Some(domain), &json!({})).await;
        org
    }

    async fn publish(&self, org: OrgId, domain: Option<&str>, settings: &Value) {
        sqlx::query(
            "insert into sites (org_id, name, tagline, domain, published, settings, created_at, updated_at) \
             values ($1, 'Northwind Recovery', 'What you lose, found', $2, true, $3, $4, $4)",
        )
        .bind(org)
        .bind(domain)
        .bind(settings)
        .bind(self.now())
        .execute(&mut self.web.db.owner().await)
        .await
        .expect("a site");
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.web.kernel.clock.now()
    }

    /// Lets time pass; nothing runs by itself.
    pub(crate) fn pass(&self, time: Duration) {
        self.web.kernel.clock.advance(time);
    }

    /// Gives the site other settings.
    pub(crate) async fn settings(&self, settings: &Value) {
        sqlx::query("update sites set settings = $2, version = version + 1 where org_id = $1")
            .bind(self.org)
            .bind(settings)
            .execute(&mut self.web.db.owner().await)
            .await
            .expect("settings");
    }

    /// A member who gets letters at an address.
    pub(crate) async fn member(&self, email: &str) -> MemberId {
        let clock = &self.web.kernel.clock;
        let (user, member) = (UserId::new(clock), MemberId::new(clock));
        let mut owner = self.web.db.owner().await;
        sqlx::query(
            "insert into users (id, email, name, password_hash, created_at) values ($1, $2, 'Sam Park', '', $3)",
        )
        .bind(user)
        .bind(email)
        .bind(clock.now())
        .execute(&mut owner)
        .await
        .expect("a user");
        sqlx::query("insert into members (org_id, id, user_id, role, joined_at) values ($1, $2, $3, 'owner', $4)")
            .bind(self.org)
            .bind(member)
            .bind(user)
            .bind(clock.now())
            .execute(&mut owner)
            .await
            .expect("a member");
        member
    }

    /// A token of a member with the role, for the desk (`web.browse`, `web.submit`, `web.get`, `web.post`).
    pub(crate) fn token(&self, role: Role) -> String {
        self.web.token(self.org, role)
    }

    /// A visitor's `GET`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(visitor(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    /// A visitor's `GET` with headers.
    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request =
            headers.iter().fold(visitor(Method::GET, path), |request, (name, value)| request.header(*name, *value));
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// A file as a visitor gets it.
    pub(crate) async fn file(&self, path: &str) -> (u16, HeaderMap, Vec<u8>) {
        let request = visitor(Method::GET, path).body(Body::empty()).expect("a request");
        let Ok(response) = self.web.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("the body ends");
        (parts.status.as_u16(), parts.headers, bytes.to_vec())
    }

    /// A form as a visitor's browser sends it.
    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_form_from(VISITOR, path, fields).await
    }

    /// The same from another address.
    pub(crate) async fn post_form_from(&self, ip: [u8; 4], path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        let request = visitor_at(ip, Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body.join("&"))).expect("a request")).await
    }

    /// JSON as a published form sends it.
    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post_json_from(VISITOR, path, body).await
    }

    /// The same from another address.
    pub(crate) async fn post_json_from(&self, ip: [u8; 4], path: &str, body: &Value) -> Answer {
        let request = visitor_at(ip, Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// A visitor's `GET` at the host of another site.
    pub(crate) async fn at_host(&self, host: &str, path: &str) -> Answer {
        let mut request = visitor(Method::GET, path).body(Body::empty()).expect("a request");
        request.headers_mut().insert(header::HOST, host.parse().expect("a host"));
        self.send(request).await
    }

    /// Any request, as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.web.send(request).await
    }

    /// Fills the form of a page as a person with a modern browser does: takes over its hidden fields, computes the proof of
    /// work where it asks for one, takes ten seconds, and sends it.
    pub(crate) async fn fill(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text);
        let mut all = hidden(&shown.text);
        for (name, value) in fields {
            all.retain(|(known, _)| known != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.pass(Duration::seconds(10));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post_form(action, &all).await
    }

    /// A statement of the database's owner.
    pub(crate) async fn owner(&self, statement: &'static str) {
        sqlx::query(statement).execute(&mut self.web.db.owner().await).await.expect("a statement");
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.web.db.owner().await).await.expect("a count")
    }

    pub(crate) async fn text(&self, query: &'static str) -> String {
        sqlx::query_scalar(query).fetch_one(&mut self.web.db.owner().await).await.expect("a text")
    }

    /// Runs what waits in every lane, and what follows from it, until nothing waits; how many jobs ran.
    pub(crate) async fn work(&self) -> usize {
        let mut handlers = Handlers::default();
        site::handlers(&self.core, &mut handlers);
        handlers.add(Arc::new(Postman::new(&self.web.kernel)));
        let mut all = 0;
        loop {
            let mut ran = 0;
            for lane in Lane::ALL {
                ran += run_waiting(&self.web.kernel.db, &handlers, *lane).await.expect("the lane runs");
            }
            if ran == 0 {
                return all;
            }
            all += ran;
        }
    }

    /// Does what the clock does: every reconciler of the room, once.
    pub(crate) async fn look(&self) {
        for reconciler in site::reconcilers(&self.core) {
            reconciler.run().await.unwrap_or_else(|error| panic!("{}: {error:#}", reconciler.name()));
        }
    }
}

/// A request of a visitor's browser.
pub(crate) fn visitor(method: Method, path: &str) -> axum::http::request::Builder {
    visitor_at(VISITOR, method, path)
}

fn visitor_at(ip: [u8; 4], method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1:8080")
        .header(header::USER_AGENT, BROWSER)
        .extension(ConnectInfo(SocketAddr::from((ip, 40_000))))
}

fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The hidden fields of a page, with the proof of work done where there is one to do.
pub(crate) fn hidden(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    let mut fields: Vec<(String, String)> = inputs
        .filter(|input| input.contains("type=\"hidden\""))
        .map(|input| (attribute(input, "name"), attribute(input, "value")))
        .collect();
    if let Some(input) = page.split("<input").find(|rest| rest.contains("name=\"proof\"")) {
        let bits: u32 = attribute(input, "data-guard-bits").parse().expect("how much work");
        let stamp = attribute(input, "data-guard");
        fields.retain(|(name, _)| name != "proof");
        fields.push(("proof".to_owned(), proof(&stamp, bits)));
    }
    fields
}

/// The first number that makes the digest of stamp and number begin with so many zero bits.
pub(crate) fn proof(stamp: &str, bits: u32) -> String {
    let enough = |number: &u64| {
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{stamp}:{number}").as_bytes());
        let first = u64::from_be_bytes(digest.as_ref()[..8].try_into().expect("eight bytes"));
        first.leading_zeros() >= bits
    };
    (0..u64::MAX).find(enough).expect("a number").to_string()
}

fn attribute(input: &str, name: &str) -> String {
    let value = input.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_default().replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&").replace("&amp;", "&")
}

/// A room of contacts and leads that remembers what it was told.
#[derive(Default)]
pub(crate) struct FakeCrm {
    told: Mutex<Vec<(Person, Story)>>,
    known: Mutex<HashMap<InquiryId, Arrived>>,
    contacts: Mutex<HashMap<String, (ContactId, LeadId)>>,
    reminders: Mutex<Vec<String>>,
}

impl FakeCrm {
    /// Every call, in order.
    pub(crate) fn told(&self) -> Vec<(Person, Story)> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The title of every reminder, in order.
    pub(crate) fn reminders(&self) -> Vec<String> {
        self.reminders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Crm for FakeCrm {
    async fn arrived(&self, tx: &mut OrgTx, person: &Person, story: &Story) -> anyhow::Result<Arrived> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push((person.clone(), story.clone()));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrived) = known.get(&story.inquiry) {
            return Ok(*arrived);
        }
        let mut contacts = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || (ContactId::new(tx.clock()), LeadId::new(tx.clock()));
        let (contact, lead) = *contacts.entry(person.email.to_lowercase()).or_insert_with(new);
        let task = (!story.task.is_empty()).then(|| TaskId::new(tx.clock()));
        let arrived = Arrived { contact, lead, task };
        known.insert(story.inquiry, arrived);
        Ok(arrived)
    }

    async fn remind(&self, tx: &mut OrgTx, _lead: LeadId, reminder: &Reminder<'_>) -> anyhow::Result<TaskId> {
        self.reminders.lock().unwrap_or_else(PoisonError::into_inner).push(reminder.title.to_owned());
        Ok(TaskId::new(tx.clock()))
    }
}

/// A chat that was brought before people.
#[derive(Clone, Debug)]
pub(crate) struct HandedOver {
    pub chat: ChatId,
    pub conversation: ConversationId,
    pub person: Person,
    pub said: Vec<Said>,
}

/// An inbox that remembers what it was brought.
#[derive(Default)]
pub(crate) struct FakeDesk {
    brought: Mutex<Vec<HandedOver>>,
}

impl FakeDesk {
    /// Every call, in order.
    pub(crate) fn brought(&self) -> Vec<HandedOver> {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Desk for FakeDesk {
    async fn hand_over(
        &self,
        tx: &mut OrgTx,
        chat: ChatId,
        person: &Person,
        said: &[Said],
    ) -> anyhow::Result<ConversationId> {
        let mut brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        let known = brought.iter().find(|one| one.chat == chat).map(|one| one.conversation);
        let conversation = known.unwrap_or_else(|| ConversationId::new(tx.clock()));
        brought.push(HandedOver { chat, conversation, person: person.clone(), said: said.to_vec() });
        Ok(conversation)
    }
}

/// Figures that a test says are measured, by organisation; of all others nothing is.
#[derive(Default)]
pub(crate) struct FakeFigures(Mutex<HashMap<OrgId, Figures>>);

/// A figure of so many cases.
pub(crate) fn figure(value: Option<u32>, cases: u64) -> Figure {
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).expect("a day");
    let how = "What the test counted.".to_owned();
    Figure { value, cases, how, from: day(8, 28), to: day(11, 25), href: "/revenue/scores/response_velocity" }
}

impl FakeFigures {
    /// From now on this is measured.
    pub(crate) fn say(&self, org: OrgId, change: impl FnOnce(&mut Figures)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(org).or_insert_with(nothing));
    }
}

fn nothing() -> Figures {
    let none = || figure(None, 0);
    Figures {
        answer_minutes: none(),
        missed_percent: none(),
        no_show_percent: none(),
        followed_up_percent: none(),
        reviews_answered_percent: none(),
    }
}

#[async_trait]
impl Measured for FakeFigures {
    async fn figures(&self, tx: &mut OrgTx) -> anyhow::Result<Figures> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(all.get(&tx.org()).cloned().unwrap_or_else(nothing))
    }

    fn tabs(&self, here: &str) -> Vec<Tab> {
        vec![Tab::new("Scores", "/revenue", false), Tab::new("Maturity", here, true)]
    }
}
