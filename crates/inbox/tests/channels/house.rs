//! A house with the inbox in it, served on a port of its own so that a platform can challenge it, and the platforms.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use inbox::Core;
use inbox::contacts::{ContactBook, ContactCard, Person, Resolved};
use kernel::Clock;
use kernel::config::Secret;
use kernel::db::OrgTx;
use kernel::http::Url;
use kernel::ids::{ContactId, OrgId};
use kernel::testing::TestDb;
use serde_json::{Value, json};
use shell::testing::{Answer, TestWeb};
use shell::{Role, Settings};
use sqlx::Connection;
use standins::{World, WorldConfig};
use tokio::net::TcpListener;

/// Nobody is known.
struct NoContacts;

#[async_trait]
impl ContactBook for NoContacts {
    async fn resolve(&self, tx: &mut OrgTx, people: &[Person]) -> anyhow::Result<Vec<Resolved>> {
        Ok(people.iter().map(|_| Resolved { contact: ContactId::new(tx.clock()), created: true }).collect())
    }

    async fn cards(&self, _: &mut OrgTx, _: &[ContactId]) -> anyhow::Result<HashMap<ContactId, ContactCard>> {
        Ok(HashMap::new())
    }

    async fn find(&self, _: &mut OrgTx, _: &str, _: i64) -> anyhow::Result<Vec<ContactId>> {
        Ok(Vec::new())
    }
}

pub struct House {
    pub web: TestWeb,
    pub core: Core,
    pub world: World,
    pub org: OrgId,
    pub admin: String,
    pub base: String,
}

impl House {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut WorldConfig)) -> Self {
        let mut config = WorldConfig::unlimited();
        change(&mut config);
        let seed = config.x.clone();
        let world = World::start(config).await.expect("the stand-ins start");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let db = TestDb::new().await;
        let kernel = db
            .kernel_with(Clock::manual(Clock::system().now()), |config| {
                config.http.public_url = Some(base.clone());
                let meta = &mut config.connectors.meta;
                meta.base_url = world.meta.base_url().to_owned();
                meta.app_id = "263902037430900".into();
                meta.app_secret = Secret::new("standin_meta_app_secret");
                let x = &mut config.connectors.x;
                x.base_url = world.x.base_url().to_owned();
                x.consumer_key.clone_from(&seed.consumer_key);
                x.consumer_secret = Secret::new(&seed.consumer_secret);
                x.client_id.clone_from(&seed.client_id);
                x.client_secret = Secret::new(&seed.client_secret);
                x.bearer_token = Secret::new(&seed.bearer);
            })
            .await;
        let core = Core::new(kernel.clone(), Arc::new(NoContacts), None);
        let web = TestWeb::over(db, kernel, Settings::default(), |app| vec![inbox::room(&core, app)]);
        let service = web.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let org = web.org("Northwind").await;
        let admin = web.token(org, Role::Admin);
        Self { web, core, world, org, admin, base }
    }

    /// Where a member goes to give consent.
    pub async fn consent_url(&self, token: &str, kind: &str) -> String {
        let answer = self.web.post(token, "/v2/channels/connect", &json!({ "type": kind })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["consent_url"].as_str().expect("an address").to_owned()
    }

    /// Consents at the platform; gives the path that the browser is sent back to.
    pub async fn consents(&self, url: &str) -> String {
        let answer = self.core.kernel.http.get("browser", url).send().await.expect("an answer");
        let to = answer.header("location").unwrap_or_else(|| panic!("{} {:?}", answer.status, answer.body)).to_owned();
        to.strip_prefix(&self.base).expect("back to us").to_owned()
    }

    /// The whole way: out, consent, back.
    pub async fn connects(&self, kind: &str) -> Answer {
        let url = self.consent_url(&self.admin, kind).await;
        let back = self.consents(&url).await;
        self.web.browse(&self.admin, &back).await
    }

    /// The state in a consent address.
    pub fn state_of(url: &str) -> String {
        let url = Url::parse(url).expect("an address");
        url.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned()).expect("a state")
    }

    /// The connected accounts.
    pub async fn channels(&self) -> Vec<Value> {
        let answer = self.web.get(&self.admin, "/v2/channels").await;
        answer.json()["data"].as_array().cloned().unwrap_or_default()
    }

    /// The only connected account's id.
    pub async fn channel(&self) -> String {
        let channels = self.channels().await;
        assert_eq!(channels.len(), 1, "{channels:?}");
        channels[0]["id"].as_str().expect("an id").to_owned()
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

    /// Changes the database as its owner.
    pub async fn arrange(&self, sql: &'static str) {
        let mut owner = self.web.db.owner().await;
        sqlx::raw_sql(sql).execute(&mut owner).await.expect("done");
        owner.close().await.expect("closed");
    }

    /// Runs what is done by the clock, once.
    pub async fn tick(&self) {
        for reconciler in inbox::reconcilers(&self.core) {
            reconciler.run().await.unwrap_or_else(|error| panic!("{}: {error:#}", reconciler.name()));
        }
    }

    /// How often a platform was asked for something.
    pub fn asked(requests: &[standins::server::log::Request], method: &str, ending: &str) -> usize {
        requests.iter().filter(|request| request.method == method && request.path.ends_with(ending)).count()
    }
}
