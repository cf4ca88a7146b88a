//! The field: three organisations, each with an account on every platform, and their customers.

use std::time::Duration;

use kernel::testing::TestDb;
use rand::Rng;
use rand::rngs::StdRng;
use reqwest::Client;
use serde_json::{Value, json};
use standins::meta::{InstagramSeed, NumberSeed, PageSeed};
use standins::x::XUserSeed;
use standins::{Fault, Platform, Rule, World, WorldConfig, Writing};

use crate::program::Program;

/// How many organisations take part.
pub const ORGS: usize = 3;

/// What customers say: each of it gets an answer, of the knowledge below or as small talk.
const WORDS: [&str; 6] = [
    "Good morning!",
    "Hello, are you there?",
    "How much is teeth whitening?",
    "Do you have a slot on Friday?",
    "Thank you very much!",
    "What are your opening hours?",
];

/// What every organisation knows.
const KNOWLEDGE: [(&str, &str); 3] = [
    ("Teeth whitening", "How much is teeth whitening? Teeth whitening is 290 euros and takes one visit of an hour."),
    ("Appointments", "Do you have a slot on Friday? Yes, on Fridays we have free slots between 9:00 and 15:00."),
    ("Opening hours", "What are your opening hours? Our opening hours are Monday to Friday from 8:00 to 18:00."),
];

/// One account of one organisation.
#[derive(Clone, Debug)]
pub struct Account {
    /// The platform.
    pub platform: Platform,
    /// The word of the API.
    pub kind: &'static str,
    /// The platform's id.
    pub id: String,
    /// Its token.
    pub token: String,
}

/// The four accounts of an organisation.
pub fn accounts(org: usize) -> [Account; 4] {
    let account = |platform, kind, id: String, token: String| Account { platform, kind, id, token };
    [
        account(Platform::Messenger, "facebook", format!("10450000000000{org}"), format!("EAAPAGETOKEN{org}")),
        account(Platform::Instagram, "instagram", format!("1784140000000000{org}"), format!("EAAPAGETOKEN{org}")),
        account(Platform::WhatsApp, "whatsapp", format!("10654000000000{org}"), format!("EAASYSTEMTOKEN{org}")),
        account(Platform::X, "x", format!("111111111111111111{org}"), format!("XOAUTH2USERTOKEN{org}")),
    ]
}

/// Stand-ins that know every account, without limits over time.
pub async fn world() -> World {
    let mut config = WorldConfig::unlimited();
    let all: Vec<[Account; 4]> = (0..ORGS).map(accounts).collect();
    config.meta.pages = all
        .iter()
        .enumerate()
        .map(|(org, [page, instagram, ..])| PageSeed {
            id: page.id.clone(),
            name: format!("Page {org}"),
            token: page.token.clone(),
            subscribed: true,
            instagram: Some(InstagramSeed {
                id: instagram.id.clone(),
                username: format!("page.{org}"),
                token: format!("IGTOKEN{org}"),
            }),
        })
        .collect();
    config.meta.numbers = all
        .iter()
        .enumerate()
        .map(|(org, [_, _, number, _])| NumberSeed {
            waba: format!("10229000000000{org}"),
            id: number.id.clone(),
            display: format!("1555010999{org}"),
            name: format!("Number {org}"),
            token: number.token.clone(),
            subscribed: true,
        })
        .collect();
    config.x.users = all
        .iter()
        .enumerate()
        .map(|(org, [.., user])| XUserSeed {
            id: user.id.clone(),
            username: format!("user{org}"),
            name: format!("User {org}"),
            token: format!("{}-TOKEN", user.id),
            token_secret: "SECRET".into(),
            bearer: user.token.clone(),
            subscribed: true,
        })
        .collect();
    World::start(config).await.expect("the stand-ins start")
}

/// Duplicates, late deliveries and every kind of failing call, from a seed.
pub fn trouble(world: &World, seed: u64) {
    let manners = |manners: &mut standins::Manners| {
        manners.duplicate = 0.1;
        manners.reorder = 0.1;
        manners.retry_longest_ms = 1_000;
        manners.attempts = 1_000;
    };
    world.meta.manners(manners);
    world.x.manners(manners);
    let sends = "POST */messages";
    let plan = [
        (0.1, Fault::LoseAnswer),
        (0.01, Fault::Status { status: 503, retry_after: None }),
        (0.005, Fault::Close),
        (0.002, Fault::Status { status: 429, retry_after: Some(1) }),
    ];
    for (number, (chance, fault)) in plan.into_iter().enumerate() {
        let seed = seed * 10 + number as u64;
        world.meta.fail(Rule::chance(sends, chance, seed, fault.clone()));
        world.x.fail(Rule::chance(sends, chance, seed + 5, fault));
    }
}

/// Registers the organisations and connects their accounts; returns an owner's token of each.
pub async fn register(program: &Program, world: &World) -> Vec<String> {
    #[expect(clippy::disallowed_methods, reason = "the drill stands outside the product and wants a plain client")]
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client");
    let mut tokens = Vec::new();
    for org in 0..ORGS {
        let body = json!({ "organisation": format!("Organisation {org}"), "name": "Dana", "email": format!("dana{org}@example.com"),
            "password": "a long enough password" });
        let made = post(&client, &program.url("/v2/auth/register"), "", &body).await;
        let token = made["access_token"].as_str().expect("a token").to_owned();
        for account in accounts(org) {
            let body = json!({ "type": account.kind, "name": account.kind, "platform_account_id": account.id,
                "access_token": account.token });
            post(&client, &program.url("/v2/channels"), &token, &body).await;
        }
        for (title, text) in KNOWLEDGE {
            let url = program.url("/v2/knowledge/documents");
            post(&client, &url, &token, &json!({ "title": title, "text": text })).await;
        }
        tokens.push(token);
    }
    assert!(world.meta.verify_webhook(&program.url("/webhooks/facebook"), "a verify token").await);
    assert!(world.x.verify_webhook(&program.url("/webhooks/x")).await);
    tokens
}

async fn post(client: &Client, url: &str, token: &str, body: &Value) -> Value {
    let answer = client.post(url).bearer_auth(token).json(body).send().await.expect("an answer");
    let status = answer.status();
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(status.as_u16(), 201, "{body}");
    body
}

/// A person's id that fits a platform and names nobody on another: a page and its Instagram account share one token, so
/// there the id alone decides where an answer goes.
pub fn person(platform: Platform, number: u64) -> String {
    let number = if platform == Platform::Instagram { number + 1_000_000 } else { number };
    product_tests::person(platform, number)
}

/// Somebody writes something somewhere; returns the platform's id of it.
pub fn somebody_writes(world: &World, people: u64, dice: &mut StdRng) -> String {
    let account = &accounts(dice.random_range(0..ORGS))[dice.random_range(0..4)];
    let person = person(account.platform, dice.random_range(0..people));
    let words = WORDS[dice.random_range(0..WORDS.len())];
    world.customer_writes(&Writing::text(account.platform, &account.id, &person, words)).expect("a known account")
}

/// Lets every organisation send as fast as it can: the drill is about order, not about the platforms' limits.
pub async fn unlimited(db: &TestDb) {
    let rate = r#"{"messages":100000,"seconds":1}"#;
    let rates = format!(r#"{{"facebook":{rate},"instagram":{rate},"whatsapp":{rate},"x":{rate}}}"#);
    sqlx::query("insert into settings (org_id, name, value) select id, 'channel_rates', $1::jsonb from organisations")
        .bind(rates)
        .execute(&mut db.owner().await)
        .await
        .expect("the rates are set");
}
