//! An organisation with a verified domain, a provider, and a browser that goes between them.

use axum::http::header;
use kernel::http::Method;
use serde_json::{Value, json};
use standins::Handle;
use standins::oidc::{Oidc, OidcConfig};

use crate::support::{House, Person, Reply};

/// What the web frame believes to be its own address in these tests.
pub const OURS: &str = "http://127.0.0.1:8080";

pub struct Scene {
    pub house: House,
    pub provider: Handle<Oidc>,
    pub owner: Person,
    /// The connection's id.
    pub id: String,
}

/// A browser on its way: its cookie, and where the provider sent it.
pub struct Back {
    pub cookie: String,
    /// Path and query of our callback.
    pub path: String,
}

impl Scene {
    pub async fn new() -> Self {
        let house = House::configured(|config| config.sso.allow_private = true).await;
        let provider = Oidc::start(OidcConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a port");
        provider.person(person("sub-nia"));
        let owner = house.owner("acme").await;
        let org = owner.org.parse().expect("an id");
        identity::sso::verify_domain(&house.kernel, org, "acme.example").await.expect("verified");
        let mut scene = Self { house, provider, owner, id: String::new() };
        scene.id = scene.connect(json!({})).await;
        scene
    }

    /// Makes a connection to the provider and gives its id.
    pub async fn connect(&self, more: Value) -> String {
        let mut body = json!({
            "kind": "oidc",
            "name": "Acme login",
            "enabled": true,
            "issuer": self.provider.base_url(),
            "settings": { "client_id": self.provider.config.client_id },
            "secret": self.provider.config.client_secret,
        });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let made = self.house.post("/v2/sso/connections", body).by(&self.owner).send().await.expect_status(201).json();
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Begins at us; gives our cookie and the provider's address.
    pub async fn start(&self, query: &str) -> (String, String) {
        let reply = self.house.get(&format!("/auth/oidc/{}/start{query}", self.id)).send().await.expect_status(303);
        (reply.cookie(), reply.location().to_owned())
    }

    /// Begins at us and lets the provider approve.
    pub async fn go(&self, query: &str) -> Back {
        let (cookie, url) = self.start(query).await;
        let request = self.house.kernel.http.tenant(Method::GET, &url, true).expect("an address");
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status.as_u16(), 303, "{:?}", answer.body);
        let back = answer.header(header::LOCATION.as_str()).expect("a redirect");
        Back { cookie, path: back.strip_prefix(OURS).expect("to us").to_owned() }
    }

    /// The browser comes back.
    pub async fn back(&self, back: &Back) -> Reply {
        self.house.get(&back.path).header("cookie", &back.cookie).send().await
    }

    /// The whole way, refused with a page that says why; nobody is signed in.
    pub async fn refused(&self, part: &str) -> Reply {
        let back = self.go("").await;
        let reply = self.back(&back).await;
        self.is_refused(reply, part).await
    }

    pub async fn is_refused(&self, reply: Reply, part: &str) -> Reply {
        assert!(reply.status.is_client_error() || reply.status.as_u16() == 503, "{} {}", reply.status, reply.body);
        assert!(reply.body.contains("You are not signed in") && reply.body.contains(part), "{part}: {}", reply.body);
        assert!(!reply.headers.contains_key(header::SET_COOKIE), "no session");
        let sessions = "select count(*) from sessions where kind = 'browser'";
        assert_eq!(self.count(sessions).await, 0, "no session");
        reply
    }

    /// The whole way, signed in; gives the session's cookie.
    pub async fn signed_in(&self) -> String {
        let back = self.go("").await;
        self.back(&back).await.expect_status(303).cookie()
    }

    /// What `GET /v2/auth/session` says of a cookie.
    pub async fn session(&self, cookie: &str) -> Value {
        self.house.get("/v2/auth/session").header("cookie", cookie).send().await.expect_status(200).json()
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.house.db.owner().await).await.expect("counted")
    }
}

/// Somebody on the verified domain.
pub fn person(sub: &str) -> Value {
    json!({ "sub": sub, "email": "nia@acme.example", "email_verified": true, "name": "Nia Newcomer" })
}
