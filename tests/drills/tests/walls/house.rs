//! The whole web side in this process, with nothing running behind it: quick to ask, and nothing changes by itself.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};
use identity::registration::{NewOrganisation, register};
use kernel::Kernel;
use kernel::config::Config;
use kernel::ids::OrgId;
use kernel::testing::TestDb;
use recoup::rooms::Rooms;
use serde_json::{Value, json};
use shell::{App, Room, Settings};
use tower::ServiceExt;

pub const PASSWORD: &str = "a long enough password";
/// Where the product says it lives; another host in a request must not change that.
pub const PUBLIC_URL: &str = "https://recoup.test";

pub struct House {
    pub db: TestDb,
    pub kernel: Kernel,
    pub router: Router,
    /// The same with the public sites before it, as a process serves both.
    pub front: Router,
    pub described: Value,
    pub org: OrgId,
    /// The first owner's email.
    pub email: String,
}

/// How somebody says who they are.
#[derive(Clone, Debug)]
pub enum Who {
    Nobody,
    /// A token or a key.
    Bearer(String),
    /// A browser's session; unsafe methods carry its CSRF token.
    Cookie(String),
}

/// What came back, without its body.
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
}

impl House {
    pub async fn new() -> Self {
        Self::with(Vec::new()).await
    }

    /// The product with more rooms than it has.
    pub async fn with(more: Vec<Room>) -> Self {
        let db = TestDb::new().await;
        let kernel = db.kernel_with(kernel::Clock::system(), nowhere).await;
        let new = NewOrganisation {
            organisation: "Northwind".into(),
            name: "Dana".into(),
            email: "dana@example.com".into(),
            password: PASSWORD.into(),
        };
        let org = register(&kernel, new).await.expect("registered").org;
        Self::over(db, kernel, org, "dana@example.com".into(), more).await
    }

    /// The web side over what a product left.
    pub async fn over(db: TestDb, kernel: Kernel, org: OrgId, email: String, more: Vec<Room>) -> Self {
        let rooms = Rooms::open(&kernel).await.expect("the rooms open");
        let settings = Settings {
            public_url: PUBLIC_URL.to_owned(),
            rate_factor: 0,
            sign_in_per_minute: 1_000_000,
            ..Settings::default()
        };
        let app = App::new(kernel.clone(), rooms.identity().authenticator(), settings);
        let mut all = rooms.plug(&app);
        let described = serde_json::to_value(shell::describe(&app, rooms.plug(&app))).expect("JSON");
        all.extend(more);
        let router = shell::assemble(&app, all);
        let (_, front) = rooms.web();
        Self { db, kernel, router, front, described, org, email }
    }

    /// Any request; the body is not waited for, because some never end.
    pub async fn ask(&self, who: &Who, method: &str, path: &str, body: (&str, Vec<u8>)) -> Seen {
        let response = self.send(request(who, method, path, body)).await;
        Seen { status: response.status().as_u16(), headers: response.headers().clone() }
    }

    pub async fn send(&self, request: Request<Body>) -> axum::response::Response {
        let Ok(response) = self.router.clone().oneshot(request).await;
        response
    }

    /// A visitor's request; what came back, and its text.
    pub async fn visit(&self, request: Request<Body>) -> (Seen, String) {
        let Ok(response) = self.front.clone().oneshot(request).await;
        let seen = Seen { status: response.status().as_u16(), headers: response.headers().clone() };
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (seen, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The API, as JSON.
    pub async fn call(&self, who: &Who, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { ("", Vec::new()) } else { ("application/json", body.to_string().into_bytes()) };
        let response = self.send(request(who, method, path, body)).await;
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// A page as text.
    pub async fn text(&self, request: Request<Body>) -> (Seen, String) {
        let response = self.send(request).await;
        let seen = Seen { status: response.status().as_u16(), headers: response.headers().clone() };
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (seen, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A session of a program.
    pub async fn token(&self, email: &str) -> Who {
        let (status, entered) =
            self.call(&Who::Nobody, "POST", "/v2/auth/login", &json!({ "email": email, "password": PASSWORD })).await;
        assert_eq!(status, 200, "{entered}");
        Who::Bearer(entered["access_token"].as_str().expect("a token").to_owned())
    }

    /// A session of a browser.
    pub async fn cookie(&self, email: &str) -> Who {
        let form = format!("email={}&password={}&next=", email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
        let form = ("application/x-www-form-urlencoded", form.into_bytes());
        let seen = self.ask(&Who::Nobody, "POST", "/sign-in", form).await;
        let mut set = seen.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookie = set.find_map(|set| set.strip_prefix("__Host-recoup_session="));
        let cookie = cookie.unwrap_or_else(|| panic!("no session but {}", seen.status));
        Who::Cookie(cookie.split(';').next().expect("a value").to_owned())
    }

    /// Another organisation's owner.
    pub async fn stranger(&self) -> Who {
        let body =
            json!({ "organisation": "Elsewhere", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
        let (status, made) = self.call(&Who::Nobody, "POST", "/v2/auth/register", &body).await;
        assert_eq!(status, 201, "{made}");
        Who::Bearer(made["access_token"].as_str().expect("a token").to_owned())
    }

    /// A member of the first organisation with a role.
    pub async fn member(&self, owner: &Who, role: &str) -> String {
        self.person(owner, "the", role).await
    }

    /// The same, for more than one of a role.
    pub async fn person(&self, owner: &Who, which: &str, role: &str) -> String {
        let email = format!("{which}-{role}@example.com");
        let body = json!({ "email": email, "name": role, "password": PASSWORD, "role": role });
        let (status, answer) = self.call(owner, "POST", "/v2/members", &body).await;
        assert_eq!(status, 201, "{answer}");
        email
    }

    /// A key with some scopes, and its id.
    pub async fn key(&self, owner: &Who, scopes: &[&str]) -> (Who, String) {
        let (status, made) =
            self.call(owner, "POST", "/v2/keys", &json!({ "name": scopes.join(" "), "scopes": scopes })).await;
        assert_eq!(status, 201, "{made}");
        let text = |field: &str| made[field].as_str().unwrap_or_else(|| panic!("{field} in {made}")).to_owned();
        (Who::Bearer(text("key")), text("id"))
    }

    /// A statement as the owner of the database.
    pub async fn sql(&self, statement: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut self.db.owner().await)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// A digest of every row an organisation has, by table. What is written by merely asking is left out.
    pub async fn rows(&self, org: OrgId) -> BTreeMap<String, String> {
        const WRITTEN_BY_ASKING: [&str; 4] = ["sessions", "api_keys", "scim_heads", "scim_requests"];
        let mut owner = self.db.owner().await;
        let tables: Vec<String> = sqlx::query_scalar(
            "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' \
             where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace",
        )
        .fetch_all(&mut owner)
        .await
        .expect("tables");
        let mut all = BTreeMap::new();
        for table in tables.into_iter().filter(|table| !WRITTEN_BY_ASKING.contains(&table.as_str())) {
            let query = format!(
                "select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t where org_id = $1"
            );
            let digest: String =
                sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(org).fetch_one(&mut owner).await.expect("a digest");
            all.insert(table, digest);
        }
        all
    }
}

/// A request as a program or a page's script sends it.
pub fn request(who: &Who, method: &str, path: &str, (kind, body): (&str, Vec<u8>)) -> Request<Body> {
    let method: Method = method.parse().expect("a method");
    let mut request = Request::builder().method(method.clone()).uri(path).header("hx-request", "true");
    match who {
        Who::Nobody => {}
        Who::Bearer(token) => request = request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        Who::Cookie(token) => {
            request = request.header(header::COOKIE, format!("__Host-recoup_session={token}"));
            if method != Method::GET {
                request = request.header("x-csrf-token", shell::auth::token_for_session(token));
            }
        }
    }
    if !kind.is_empty() {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    request.body(Body::from(body)).expect("a request")
}

/// Nothing in these tests may reach anything outside.
fn nowhere(config: &mut Config) {
    for url in [
        &mut config.connectors.meta.base_url,
        &mut config.connectors.x.base_url,
        &mut config.connectors.hubspot.base_url,
    ] {
        "http://127.0.0.1:9".clone_into(url);
    }
}
