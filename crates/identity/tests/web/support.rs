//! A house with the identity room alone, and people in it.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::{DateTime, Duration};
use identity::Identity;
use kernel::testing::TestDb;
use kernel::{Clock, Kernel};
use serde_json::{Value, json};
use shell::{App, Settings};
use standins::Handle;
use standins::mail::Mail;
use tower::ServiceExt;

/// The address of a house that sends letters.
pub const PUBLIC: &str = "https://recoup.example";
pub const PASSWORD: &str = "correct horse battery";

/// One process of an installation.
pub struct House {
    pub db: TestDb,
    pub kernel: Kernel,
    pub identity: Identity,
    router: Router,
}

/// A signed-in member.
#[derive(Clone, Debug)]
pub struct Person {
    pub email: String,
    pub access: String,
    pub refresh: String,
    pub org: String,
    pub user: String,
}

#[expect(clippy::needless_pass_by_value, reason = "a test reads better with its `json!` in place")]
impl House {
    pub async fn new() -> Self {
        let db = TestDb::new().await;
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).expect("an instant"));
        let kernel = db.kernel_with(clock, |_| {}).await;
        Self::over(db, kernel).await
    }

    /// A house with a mail server, whose letters wait in the queue.
    pub async fn with_letters() -> Self {
        let db = TestDb::new().await;
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).expect("an instant"));
        let kernel = db
            .kernel_with(clock, |config| {
                "127.0.0.1".clone_into(&mut config.mail.host);
                "Recoup <recoup@example.com>".clone_into(&mut config.mail.from);
            })
            .await;
        Self::over(db, kernel).await
    }

    /// A house with another configuration, on the machine's clock: for what talks to other programs.
    pub async fn configured(change: impl FnOnce(&mut kernel::config::Config)) -> Self {
        let db = TestDb::new().await;
        let kernel = db.kernel_with(Clock::manual(Clock::system().now()), change).await;
        Self::over(db, kernel).await
    }

    /// A house that sends letters, and the server that keeps them.
    pub async fn with_mail() -> (Self, Handle<Mail>) {
        let setup = standins::mail::MailConfig::default();
        let mail = Mail::start(setup, ([127, 0, 0, 1], 0).into()).await.expect("a mail server");
        let db = TestDb::new().await;
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).expect("an instant"));
        let smtp = mail.smtp();
        let kernel = db
            .kernel_with(clock, |config| {
                config.http.public_url = Some(PUBLIC.to_owned());
                config.mail = kernel::config::MailConfig {
                    host: smtp.ip().to_string(),
                    port: Some(smtp.port()),
                    tls: kernel::config::MailTls::None,
                    from: "Recoup <recoup@example.com>".to_owned(),
                    ..kernel::config::MailConfig::default()
                };
            })
            .await;
        (Self::over(db, kernel).await, mail)
    }

    /// Does what waits in the lane of letters: writes notices, carries letters.
    pub async fn carry(&self) {
        let mut handlers = kernel::queue::Handlers::default();
        handlers.add(std::sync::Arc::new(kernel::mail::Postman::new(&self.kernel)));
        identity::handlers(&self.kernel, &mut handlers);
        let lane = kernel::queue::Lane::Mail;
        while kernel::queue::run_waiting(&self.kernel.db, &handlers, lane).await.expect("the lane runs") > 0 {}
    }

    async fn over(db: TestDb, kernel: Kernel) -> Self {
        let identity = Identity::open(&kernel).await.expect("the room opens");
        let router = router(&kernel, &identity);
        Self { db, kernel, identity, router }
    }

    /// A second process of the same installation.
    pub async fn other_process(&self) -> Router {
        let kernel = self.db.kernel_with(self.kernel.clock.clone(), |_| {}).await;
        let identity = Identity::open(&kernel).await.expect("the room opens");
        router(&kernel, &identity)
    }

    pub fn advance(&self, by: Duration) {
        self.kernel.clock.advance(by);
    }

    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: Value) -> Call {
        self.call(Method::POST, path).json(&body)
    }

    pub fn patch(&self, path: &str, body: Value) -> Call {
        self.call(Method::PATCH, path).json(&body)
    }

    pub fn put(&self, path: &str, body: Value) -> Call {
        self.call(Method::PUT, path).json(&body)
    }

    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    pub fn form(&self, path: &str, body: &str) -> Call {
        let mut call = self.call(Method::POST, path);
        call.headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().expect("a value"));
        body.clone_into(&mut call.body);
        call
    }

    fn call(&self, method: Method, path: &str) -> Call {
        // Time stands still otherwise, and what happens at one instant has no order.
        self.advance(Duration::milliseconds(1));
        Call::new(self.router.clone(), method, path)
    }

    /// Registers an organisation; its owner is `owner@NAME.example`.
    pub async fn owner(&self, name: &str) -> Person {
        let email = format!("owner@{name}.example");
        let body = json!({ "organisation": name, "name": "Olive Owner", "email": email, "password": PASSWORD });
        person(&email, &self.post("/v2/auth/register", body).send().await.expect_status(201))
    }

    /// Adds a member with a role and signs them in.
    pub async fn member(&self, by: &Person, role: &str) -> Person {
        let email = format!("{role}{}@{}", by.org.len(), &by.email[6..]);
        let body = json!({ "email": email, "name": format!("The {role}"), "password": PASSWORD, "role": role });
        self.post("/v2/members", body).by(by).send().await.expect_status(201);
        self.login(&email).await
    }

    pub async fn login(&self, email: &str) -> Person {
        let body = json!({ "email": email, "password": PASSWORD });
        person(email, &self.post("/v2/auth/login", body).send().await.expect_status(200))
    }

    /// The id of the member behind a person.
    pub async fn member_id(&self, person: &Person) -> String {
        let me = self.get("/v2/auth/session").by(person).send().await.expect_status(200);
        me.json()["member"].as_str().expect("a member").to_owned()
    }

    /// Signs in with the form and returns the cookie and a page's CSRF token.
    pub async fn browser(&self, email: &str) -> (String, String) {
        let body = format!("email={email}&password={}&next=", PASSWORD.replace(' ', "+"));
        let reply = self.form("/sign-in", &body).send().await.expect_status(303);
        let cookie = reply.cookie();
        let token = shell::auth::token_for_session(cookie.split_once('=').expect("name=value").1);
        (cookie, token)
    }

    /// Asks with a key.
    pub async fn call_as(&self, key: &str, method: Method, path: &str) -> Reply {
        self.call(method, path).bearer(key).send().await
    }

    /// Kinds of the organisation's events, in order.
    pub async fn events(&self, person: &Person) -> Vec<String> {
        let org: kernel::ids::OrgId = person.org.parse().expect("an id");
        sqlx::query_scalar("select kind from events where org_id = $1 order by id")
            .bind(org)
            .fetch_all(&mut self.db.owner().await)
            .await
            .expect("the owner reads")
    }
}

fn router(kernel: &Kernel, identity: &Identity) -> Router {
    let app = App::new(kernel.clone(), identity.authenticator(), Settings::default());
    shell::assemble(&app, vec![identity.room(&app)])
}

fn person(email: &str, reply: &Reply) -> Person {
    let body = reply.json();
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).expect(pointer).to_owned();
    Person {
        email: email.to_owned(),
        access: text("/access_token"),
        refresh: text("/refresh_token"),
        org: text("/org/id"),
        user: text("/user/id"),
    }
}

/// A request about to be sent.
pub struct Call {
    router: Router,
    method: Method,
    path: String,
    headers: HeaderMap,
    pub body: String,
    ip: Option<std::net::SocketAddr>,
}

impl Call {
    pub fn new(router: Router, method: Method, path: &str) -> Self {
        Self { router, method, path: path.to_owned(), headers: HeaderMap::new(), body: String::new(), ip: None }
    }

    pub fn json(self, body: &Value) -> Self {
        let mut call = self.header("content-type", "application/json");
        call.body = body.to_string();
        call
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().expect("a header value"));
        self
    }

    pub fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    pub fn by(self, person: &Person) -> Self {
        self.bearer(&person.access)
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn at_ip(mut self, ip: &str) -> Self {
        self.ip = Some(format!("{ip}:4711").parse().expect("an address"));
        self
    }

    pub async fn send(self) -> Reply {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().expect("a path");
        *request.headers_mut() = self.headers;
        if let Some(ip) = self.ip {
            request.extensions_mut().insert(axum::extract::ConnectInfo(ip));
        }
        let response = self.router.oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 22).await.expect("a body");
        Reply { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).expect("UTF-8") }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().expect("text")
    }

    /// `name=value` of the cookie that was set.
    pub fn cookie(&self) -> String {
        let cookie = self.headers[header::SET_COOKIE].to_str().expect("text");
        cookie.split(';').next().expect("a pair").to_owned()
    }
}
