//! A running Recoup with its stand-ins: what the whole-product tests act on, from outside.

pub mod outside;

use std::collections::BTreeSet;

use identity::registration::{NewOrganisation, register};
use kernel::Kernel;
use kernel::config::{Config, ProviderConfig, ProviderKind, Secret};
use kernel::ids::OrgId;
use kernel::testing::{TestDb, until};
use recoup::rooms::Rooms;
use recoup::runtime::{Role, Runtime};
use serde_json::{Value, json};
use standins::{Author, Platform, Visible, World, WorldConfig, Writing};

/// The stand-ins' seeded accounts, by platform.
pub const ACCOUNTS: [(Platform, &str, &str, &str); 4] = [
    (Platform::Messenger, "facebook", "104500000000001", "EAAPAGETOKEN104500000000001"),
    (Platform::Instagram, "instagram", "17841400000000001", "EAAPAGETOKEN104500000000001"),
    (Platform::WhatsApp, "whatsapp", "106540000000002", "EAASYSTEMTOKEN102290000000001"),
    (Platform::X, "x", "1111111111111111111", "XOAUTH2USERTOKEN1111111111111111111"),
];

/// A person's id that fits a platform: WhatsApp wants a number.
pub fn person(platform: Platform, number: u64) -> String {
    match platform {
        Platform::WhatsApp => format!("1555010{number:04}"),
        _ => format!("78{number:014}"),
    }
}

/// The account of a platform.
pub fn account(platform: Platform) -> &'static str {
    ACCOUNTS.iter().find(|(known, ..)| *known == platform).map_or("", |(_, _, account, _)| account)
}

/// The password of the organisation's owner.
pub const PASSWORD: &str = "a long enough password";

/// A running Recoup.
pub struct Product {
    /// The database under it.
    pub db: TestDb,
    /// Its kernel.
    pub kernel: Kernel,
    /// The stand-ins it speaks to.
    pub world: World,
    /// The organisation of the test.
    pub org: OrgId,
    /// How its owner, Dana, signs in; with [`PASSWORD`].
    pub email: String,
    token: String,
    base: String,
    client: reqwest::Client,
    runtime: Runtime,
}

impl Product {
    /// Starts everything without a model provider.
    pub async fn start() -> Self {
        Self::with(|_, _| {}).await
    }

    /// Starts everything with a changed configuration.
    pub async fn with(change: impl FnOnce(&mut Config, &World)) -> Self {
        let world = World::start(WorldConfig::unlimited()).await.expect("the stand-ins start");
        let db = TestDb::new().await;
        let kernel = db
            .kernel_with(kernel::Clock::system(), |config| {
                point_at(config, &world);
                change(config, &world);
            })
            .await;
        let rooms = Rooms::open(&kernel).await.expect("the rooms open");
        let runtime = Runtime::start(&kernel, &rooms, &BTreeSet::from(Role::ALL)).await.expect("the roles start");
        let base = format!("http://{}", runtime.address().expect("the web role listens"));
        let new = NewOrganisation {
            organisation: "Northwind".into(),
            name: "Dana".into(),
            email: format!("dana-{}@example.com", kernel::ids::uuid_at(kernel.clock.now()).simple()),
            password: PASSWORD.into(),
        };
        let email = new.email.clone();
        let org = register(&kernel, new).await.expect("registered").org;
        #[expect(clippy::disallowed_methods, reason = "a caller from outside, without breaker and retries")]
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut product = Self { db, kernel, world, org, email, token: String::new(), base, client, runtime };
        let credentials = json!({ "email": product.email, "password": PASSWORD });
        let answer = product.call("POST", "/v2/auth/login", credentials).await;
        product.token = answer.1["access_token"].as_str().expect("a token").to_owned();
        product.connect_channels().await;
        product
    }

    async fn connect_channels(&self) {
        for (_, kind, account, token) in ACCOUNTS {
            let body = json!({ "type": kind, "name": kind, "platform_account_id": account, "access_token": token });
            let (status, answer) = self.call("POST", "/v2/channels", body).await;
            assert_eq!(status, 201, "{answer}");
        }
        assert!(self.world.meta.verify_webhook(&format!("{}/webhooks/facebook", self.base), "a verify token").await);
        assert!(self.world.x.verify_webhook(&format!("{}/webhooks/x", self.base)).await);
    }

    /// Calls the API as the organisation's owner; gives the status and the body.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.caller(self.token.clone()).call(method, path, body).await
    }

    /// Another member, signed in; with [`PASSWORD`].
    pub async fn signed_in(&self, email: &str) -> Caller {
        let credentials = json!({ "email": email, "password": PASSWORD });
        let (_, answer) = self.caller(String::new()).call("POST", "/v2/auth/login", credentials).await;
        self.caller(answer["access_token"].as_str().expect("a token").to_owned())
    }

    /// The owner of another organisation of the same installation.
    pub async fn neighbour(&self) -> Caller {
        let new = NewOrganisation {
            organisation: "Southwind".into(),
            name: "Nora".into(),
            email: format!("nora-{}@example.com", kernel::ids::uuid_at(self.kernel.clock.now()).simple()),
            password: PASSWORD.into(),
        };
        let email = new.email.clone();
        register(&self.kernel, new).await.expect("registered");
        self.signed_in(&email).await
    }

    fn caller(&self, token: String) -> Caller {
        Caller { client: self.client.clone(), base: self.base.clone(), token }
    }

    /// The owner's access token, for clients that are not ours.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The full address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A person writes.
    pub fn writes(&self, platform: Platform, person: &str, text: &str) {
        self.world.customer_writes(&Writing::text(platform, account(platform), person, text)).expect("a known account");
    }

    /// Waits for the business's nth visible message to a person.
    pub async fn reply(&self, platform: Platform, person: &str, nth: usize) -> Visible {
        until("a reply at the platform", || async {
            let replies = self.replies(platform, person);
            replies.get(nth - 1).cloned()
        })
        .await
    }

    /// What the business wrote to a person through the API.
    pub fn replies(&self, platform: Platform, person: &str) -> Vec<Visible> {
        let thread = self.world.thread(platform, account(platform), person);
        thread.into_iter().filter(|message| message.author == Author::App).collect()
    }

    /// The conversation of the only contact with a channel, once it is there.
    pub async fn conversation(&self, channel: &str) -> Value {
        until("a conversation", || async {
            let (_, list) = self.call("GET", &format!("/v2/conversations?channel={channel}"), Value::Null).await;
            list["data"].as_array().and_then(|rows| rows.first().cloned())
        })
        .await
    }

    /// Waits until no job is left and every follower has read what there is.
    pub async fn settled(&self) {
        self.world.quiet().await;
        until("an empty queue", || async {
            let lanes = kernel::queue::lane_stats(&self.kernel.db).await.expect("statistics");
            lanes.iter().all(|lane| lane.ready + lane.running + lane.scheduled == 0).then_some(())
        })
        .await;
    }

    /// Stops everything and leaves what it stood on: the database, a kernel over it, the organisation and its owner's email.
    pub async fn rest(self) -> (TestDb, Kernel, OrgId, String) {
        self.runtime.drain().await;
        (self.db, self.kernel, self.org, self.email)
    }

    /// Ends it in order, and checks that nothing died on the way.
    pub async fn end(self) {
        let lanes = kernel::queue::lane_stats(&self.kernel.db).await.expect("statistics");
        assert!(lanes.iter().all(|lane| lane.dead == 0), "dead letters: {lanes:?}");
        self.runtime.drain().await;
    }
}

/// Somebody who calls the API.
pub struct Caller {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Caller {
    /// Calls it; gives the status and the body.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

/// Points every connector at the stand-ins.
fn point_at(config: &mut Config, world: &World) {
    config.http.bind = ([127, 0, 0, 1], 0).into();
    let meta = &mut config.connectors.meta;
    meta.base_url = world.meta.base_url().to_string();
    meta.app_id = "263902037430900".into();
    meta.app_secret = Secret::new("standin_meta_app_secret");
    meta.verify_token = Secret::new("a verify token");
    let x = &mut config.connectors.x;
    x.base_url = world.x.base_url().to_string();
    x.consumer_secret = Secret::new("standin_x_consumer_secret");
    config.connectors.hubspot.base_url = world.hubspot.base_url().to_string();
}

/// A provider at the model stand-in.
pub fn provider(world: &World) -> ProviderConfig {
    ProviderConfig {
        name: "standin".into(),
        base_url: format!("{}/v1", world.openai.base_url()),
        api_key: Secret::new("sk-standin"),
        fast_model: "gpt-4o-mini".into(),
        quality_model: None,
        embedding_model: None,
        moderation_model: None,
        kind: ProviderKind::Openai,
        api_version: None,
        input_price: 0.15,
        output_price: 0.6,
    }
}
