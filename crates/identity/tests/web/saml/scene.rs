//! An organisation with a verified domain and a SAML connection, and a browser that goes between them.

use axum::http::header;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use serde_json::{Value, json};

use super::idp::{ACS, AUDIENCE, IDP, Message, certificate};
use crate::support::{House, Person, Reply};

/// What the web frame believes to be its own address in these tests.
pub const OURS: &str = "http://127.0.0.1:8080";

pub struct Scene {
    pub house: House,
    pub owner: Person,
    /// The connection's id.
    pub id: String,
}

/// A browser that was sent to the identity provider.
pub struct Began {
    pub cookie: String,
    pub relay_state: String,
    /// The id of the request.
    pub request: String,
}

impl Scene {
    pub async fn new() -> Self {
        let house = House::configured(|config| config.sso.allow_private = true).await;
        let owner = house.owner("acme").await;
        let org = owner.org.parse().expect("an id");
        identity::sso::verify_domain(&house.kernel, org, "customer.example").await.expect("verified");
        let mut scene = Self { house, owner, id: String::new() };
        scene.id = scene.connect(json!({})).await;
        scene
    }

    /// Makes a connection and gives its id.
    pub async fn connect(&self, more: Value) -> String {
        let mut body = json!({
            "kind": "saml",
            "name": "Acme SAML",
            "enabled": true,
            "issuer": IDP,
            "settings": {
                "sso_url": "http://127.0.0.1:9/sso?tenant=1",
                "certificates": [STANDARD.encode(certificate("idp").der())],
            },
            "group_roles": [{ "group": "Support", "role": "agent" }],
        });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let made = self.house.post("/v2/sso/connections", body).by(&self.owner).send().await.expect_status(201).json();
        made["id"].as_str().expect("an id").to_owned()
    }

    pub async fn change(&self, body: Value) {
        let call = self.house.patch(&format!("/v2/sso/connections/{}", self.id), body);
        call.by(&self.owner).send().await.expect_status(200);
    }

    /// Begins at us.
    pub async fn start(&self, query: &str) -> Began {
        let reply = self.house.get(&format!("/auth/saml/{}/start{query}", self.id)).send().await.expect_status(303);
        let url = reply.location().to_owned();
        assert!(url.starts_with("http://127.0.0.1:9/sso?tenant=1&SAMLRequest="), "{url}");
        let relay_state = url.split_once("&RelayState=").expect("a state").1.to_owned();
        let query = "select kept->>'request' from sso_attempts order by created_at desc limit 1";
        let request = sqlx::query_scalar(query).fetch_one(&mut self.house.db.owner().await).await.expect("kept");
        Began { cookie: reply.cookie(), relay_state, request }
    }

    /// An unsigned response for this connection: to a request, or to none, with an assertion of this id.
    pub fn message(&self, request: Option<&str>, assertion: &str) -> Message {
        let (now, base) = (self.house.kernel.clock.now(), format!("{OURS}/auth/saml/{}", self.id));
        let mut message = Message::new()
            .edit(ACS, &format!("{base}/acs"))
            .edit(AUDIENCE, &format!("{base}/metadata"))
            .edit("ID=\"_a1\"", &format!("ID=\"{assertion}\""));
        for (then, minutes) in [("12:00", 0), ("11:59", -1), ("12:05", 5), ("12:04", 4)] {
            let time = (now + Duration::minutes(minutes)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
            message = message.edit(&format!("2026-03-01T{then}:00Z"), &time);
        }
        match request {
            Some(request) => message.edit("_q1", request),
            None => message.edit(" InResponseTo=\"_q1\"", ""),
        }
    }

    /// What the identity provider's page posts: from another site, without any cookie of ours.
    pub async fn posted(&self, message: &Message, relay_state: &str) -> Reply {
        let field = message.field().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        self.posted_text(&format!("SAMLResponse={field}&RelayState={relay_state}")).await
    }

    pub async fn posted_text(&self, body: &str) -> Reply {
        let call = self.house.form(&format!("/auth/saml/{}/acs", self.id), body);
        call.header("sec-fetch-site", "cross-site").header("origin", "https://idp.example").send().await
    }

    /// Where the browser goes after a response that holds.
    pub async fn accepted(&self, message: &Message, began: &Began) -> String {
        let reply = self.posted(message, &began.relay_state).await.expect_status(303);
        assert!(!reply.headers.contains_key(header::SET_COOKIE), "the browser has not shown itself yet");
        let to = reply.location().to_owned();
        assert!(to.starts_with(&format!("/auth/saml/{}/finish?ticket=", self.id)), "{to}");
        to
    }

    pub async fn finish(&self, path: &str, cookie: &str) -> Reply {
        self.house.get(path).header("cookie", cookie).send().await
    }

    /// A page that says why, and nobody is signed in.
    pub async fn is_refused(&self, reply: Reply, part: &str) {
        assert!(reply.status.is_client_error(), "{} {}", reply.status, reply.body);
        assert!(reply.body.contains("You are not signed in") && reply.body.contains(part), "{part}: {}", reply.body);
        assert!(!reply.headers.contains_key(header::SET_COOKIE), "no session");
        assert_eq!(self.count("select count(*) from sessions where kind = 'browser'").await, 0, "no session");
    }

    pub async fn session(&self, cookie: &str) -> Value {
        self.house.get("/v2/auth/session").header("cookie", cookie).send().await.expect_status(200).json()
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.house.db.owner().await).await.expect("counted")
    }

    pub async fn log(&self) -> String {
        self.house.get("/v2/audit-log").by(&self.owner).send().await.expect_status(200).body
    }
}
