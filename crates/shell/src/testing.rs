//! What rooms test their routes with (feature `testing`): the whole router over a fresh database, and callers of any role.
//!
//! ```ignore
//! let web = TestWeb::new(|app| vec![leads::room(app.clone())]).await;
//! let (ours, theirs) = (web.org("Ours").await, web.org("Theirs").await);
//! let answer = web.get(&web.token(ours, Role::Agent), "/v2/leads").await;
//! assert_eq!(answer.status, 200, "{}", answer.text);
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};
use kernel::Kernel;
use kernel::db::Caller;
use kernel::ids::{KeyId, MemberId, OrgId, SessionId, UserId};
use kernel::ledger::Actor;
use kernel::testing::TestDb;
use serde_json::Value;
use tower::ServiceExt;

use crate::{App, AppError, Authenticator, Credential, Permissions, Plan, Principal, Role, Room, Settings, assemble};

/// The whole web side over a fresh database.
pub struct TestWeb {
    /// The kernel under it.
    pub kernel: Kernel,
    /// The database, for arranging and looking as its owner.
    pub db: TestDb,
    /// The state rooms were given.
    pub app: App,
    /// The assembled router.
    pub router: Router,
    people: Arc<People>,
}

/// An authenticator that knows whom the test introduced.
#[derive(Default)]
struct People(Mutex<HashMap<String, Principal>>);

#[async_trait]
impl Authenticator for People {
    async fn authenticate(&self, credential: Credential<'_>, _: &Caller) -> Result<Option<Principal>, AppError> {
        let (Credential::Bearer(token) | Credential::ApiKey(token) | Credential::Session(token)) = credential;
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned())
    }
}

impl TestWeb {
    /// Assembles the rooms, with default settings.
    pub async fn new(rooms: impl FnOnce(&App) -> Vec<Room>) -> Self {
        Self::with(Settings::default(), rooms).await
    }

    /// Assembles the rooms with other settings.
    pub async fn with(settings: Settings, rooms: impl FnOnce(&App) -> Vec<Room>) -> Self {
        let db = TestDb::new().await;
        let kernel = db.kernel().await;
        Self::over(db, kernel, settings, rooms)
    }

    /// Assembles the rooms over a kernel the test opened (with a manual clock, with Redis).
    pub fn over(db: TestDb, kernel: Kernel, settings: Settings, rooms: impl FnOnce(&App) -> Vec<Room>) -> Self {
        let people = Arc::new(People::default());
        let app = App::new(kernel.clone(), people.clone(), settings);
        let rooms = rooms(&app);
        let router = assemble(&app, rooms);
        Self { kernel, db, app, router, people }
    }

    /// A new organisation.
    pub async fn org(&self, name: &str) -> OrgId {
        self.db.org(&self.kernel, name).await
    }

    /// A token of a new member with the role. It also works as a session cookie.
    pub fn token(&self, org: OrgId, role: Role) -> String {
        let clock = &self.kernel.clock;
        self.introduce(Principal {
            org,
            org_name: "Northwind".to_owned(),
            plan: Plan::Enterprise,
            actor: Actor::User(UserId::new(clock)),
            member: Some(MemberId::new(clock)),
            session: Some(SessionId::new(clock)),
            role: Some(role),
            permissions: role.permissions(),
            name: "Dana Whitfield".to_owned(),
            email: "dana@example.com".to_owned(),
            verified_at: Some(clock.now()),
            sso: false,
            factor_due: None,
        })
    }

    /// A new API key with the scopes.
    pub fn key(&self, org: OrgId, scopes: Permissions) -> String {
        self.introduce(Principal {
            org,
            org_name: "Northwind".to_owned(),
            plan: Plan::Enterprise,
            actor: Actor::Key(KeyId::new(&self.kernel.clock)),
            member: None,
            session: None,
            role: None,
            permissions: scopes,
            name: "a key".to_owned(),
            email: String::new(),
            verified_at: None,
            sso: false,
            factor_due: None,
        })
    }

    /// Makes a principal of the test's own known; returns its token.
    pub fn introduce(&self, principal: Principal) -> String {
        let token = format!("token-{}", SessionId::new(&self.kernel.clock));
        self.people.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), principal);
        token
    }

    /// What is known about a token.
    pub fn principal(&self, token: &str) -> Option<Principal> {
        self.people.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// Makes a token unknown, as if its session had ended.
    pub fn forget(&self, token: &str) {
        self.people.0.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
    }

    /// `GET` with a bearer token; an empty token is anonymous.
    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::GET, path, None).await
    }

    /// `POST` of JSON with a bearer token.
    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.call(token, Method::POST, path, Some(body)).await
    }

    /// Any method with a bearer token and, where there is one, a JSON body.
    pub async fn call(&self, token: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.expect("a valid request")).await
    }

    /// A page as a signed-in browser gets it.
    pub async fn browse(&self, token: &str, path: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, format!("recoup_session={token}"));
        self.send(request.body(Body::empty()).expect("a valid request")).await
    }

    /// A form as a signed-in browser sends it, CSRF token included; `method` as htmx would.
    pub async fn submit(&self, token: &str, method: Method, path: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, format!("recoup_session={token}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("hx-request", "true")
            .header("x-csrf-token", crate::auth::token_for_session(token));
        self.send(request.body(Body::from(form.to_owned())).expect("a valid request")).await
    }

    /// Any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("the body ends");
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A header's text; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
