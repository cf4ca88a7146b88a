//! Pushes of Google about Business Profile, and connections by consent whose account they name.

use axum::body::Body;
use axum::http::Request;
use kernel::config::Secret;
use serde_json::{Value, json};
use shell::testing::Answer;
use standins::Handle;
use standins::google::push::{self, By};
use standins::google::{Google, GoogleConfig};
use standins::microsoft::{Microsoft, MicrosoftConfig};

use super::support::{House, NOW};

const US: &str = "https://recoup.example.com/webhooks/sources/google_business";
const ACCOUNT: &str = "push@acme.iam.gserviceaccount.com";
const PATH: &str = "/webhooks/sources/google_business";

async fn house() -> (House, Handle<Google>) {
    let google = Google::start(GoogleConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let base = google.base_url().to_owned();
    let house = House::with(|config| {
        let all = &mut config.connectors;
        all.google.client_id.clone_from(&google.config.client_id);
        all.google.client_secret = Secret::new(google.config.client_secret.as_str());
        for one in [&mut all.google, &mut all.google_business, &mut all.google_calendar] {
            one.base_url = Some(base.clone());
        }
        all.google_push.audience = US.into();
        all.google_push.service_account = ACCOUNT.into();
        all.google_push.keys_url = Some(format!("{base}/oauth2/v3/certs"));
    })
    .await;
    (house, google)
}

/// Connects a kind by consent: to the system's page and back.
async fn consent(house: &House, body: &Value) -> String {
    let made = house.connect(body).await;
    assert_eq!(made["state"], "reconnect", "it waits for the consent");
    let id = made["id"].as_str().expect("an id").to_owned();
    let away = house.web.browse(&house.admin, &format!("/ingestion/connections/{id}/consent")).await;
    assert_eq!(away.status, 303, "{}", away.text);
    let page = house.kernel().http.get("browser", away.header("location")).send().await.expect("the consent page");
    let back = page.header("location").expect("it sends the person back").to_owned();
    let back = &back[back.find("/ingestion/consent").expect("our address")..];
    let back = house.web.browse(&house.admin, back).await;
    assert_eq!(back.header("location"), format!("/ingestion/connections/{id}"));
    id
}

fn told(account: &str, location: &str) -> Value {
    let place = format!("{account}/{location}");
    json!({ "type": "NEW_REVIEW", "location": place, "review": format!("{place}/reviews/AbC1") })
}

async fn send(house: &House, body: &Value, token: &str) -> Answer {
    let request = Request::post(PATH).header("authorization", format!("Bearer {token}"));
    house.web.send(request.body(Body::from(body.to_string())).expect("a valid request")).await
}

/// A push as Google's Pub/Sub sends it.
async fn pushed(house: &House, id: &str, told: &Value) -> Value {
    let token = push::token(&push::claims(US, ACCOUNT, NOW), By::Published);
    let answer = send(house, &push::body(id, told), &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn runs(house: &House) -> i64 {
    house.count("select count(*) from intake_runs where trigger = 'notice' and streams = '{reviews}'").await
}

#[tokio::test]
async fn a_push_reads_the_reviews_of_whoever_connected_the_account_once() {
    let (house, google) = house().await;
    consent(&house, &json!({"kind": "google_business"})).await;
    assert_eq!(
        house.count("select count(*) from connections where settings ->> 'account' = 'accounts/1001'").await,
        1,
        "the first account is the one that is read, and it is written down"
    );
    house.drain().await;
    let before = house.count("select count(*) from signals where kind = 'review'").await;
    google.review_comes("2026-10-16T09:00:00Z");
    let review = told("accounts/1001", "locations/2001");
    assert_eq!(pushed(&house, "m1", &review).await, json!({"connections": 1, "woken": 1, "repeated": 0}));
    assert_eq!(pushed(&house, "m1", &review).await, json!({"connections": 1, "woken": 0, "repeated": 1}));
    assert_eq!(runs(&house).await, 1);
    house.drain().await;
    assert_eq!(house.count("select count(*) from signals where kind = 'review'").await, before + 1);
    assert_eq!(pushed(&house, "m2", &review).await["woken"], 1);
    assert_eq!(runs(&house).await, 2);
}

#[tokio::test]
async fn a_push_that_proves_nothing_or_something_else_wakes_nobody() {
    let (house, _google) = house().await;
    consent(&house, &json!({"kind": "google_business"})).await;
    house.drain().await;
    let body = push::body("m1", &told("accounts/1001", "locations/2001"));
    let good = push::claims(US, ACCOUNT, NOW);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        push::token(&claims, By::Published)
    };
    let tokens = [
        with("aud", json!("https://else.example.com")),
        with("iss", json!("https://evil.example.com")),
        with("exp", json!(NOW - 3_600)),
        with("email", json!("other@acme.iam.gserviceaccount.com")),
        with("email_verified", json!(false)),
        push::token(&good, By::Foreign),
        push::token(&good, By::Unknown),
        String::new(),
        "a.b.c".to_owned(),
    ];
    for token in &tokens {
        let refused = send(&house, &body, token).await;
        assert_eq!(refused.status, 401, "{token}: {}", refused.text);
    }
    assert_eq!((runs(&house).await, house.count("select count(*) from intake_notices").await), (0, 0));
}

#[tokio::test]
async fn what_means_nothing_here_is_taken_so_that_it_does_not_come_again() {
    let (house, _google) = house().await;
    let chosen = json!({"account": "accounts/1001", "options": {"locations": ["locations/2001"]}});
    let id = consent(&house, &json!({"kind": "google_business", "settings": chosen})).await;
    house.drain().await;
    let none = json!({"connections": 0, "woken": 0, "repeated": 0});
    assert_eq!(pushed(&house, "m1", &told("accounts/9", "locations/2001")).await, none, "an unknown account");
    let other = pushed(&house, "m2", &told("accounts/1001", "locations/2002")).await;
    assert_eq!((&other["connections"], &other["woken"]), (&json!(1), &json!(0)), "a place that is not read");
    let update = json!({"type": "GOOGLE_UPDATE", "location": "accounts/1001/locations/2001"});
    assert_eq!(pushed(&house, "m3", &update).await, none);
    assert_eq!(pushed(&house, "m4", &json!({"type": "NEW_REVIEW"})).await, none, "it names no place");
    house
        .web
        .submit(&house.admin, axum::http::Method::POST, &format!("/ingestion/connections/{id}/do"), "act=pause")
        .await;
    assert_eq!(pushed(&house, "m5", &told("accounts/1001", "locations/2001")).await["woken"], 0);
    assert_eq!(runs(&house).await, 0);
}

#[tokio::test]
async fn without_a_subscription_there_is_no_such_address_and_without_keys_it_is_to_come_again() {
    let bare = House::new().await;
    let token = push::token(&push::claims(US, ACCOUNT, NOW), By::Published);
    let body = push::body("m1", &told("accounts/1001", "locations/2001"));
    assert_eq!(send(&bare, &body, &token).await.status, 404);
    let house = House::with(|config| {
        config.connectors.google_push.audience = US.into();
        config.connectors.google_push.service_account = ACCOUNT.into();
        // A port where nobody listens.
        config.connectors.google_push.keys_url = Some("http://127.0.0.1:1/certs".into());
    })
    .await;
    let later = send(&house, &body, &token).await;
    assert_eq!(later.status, 503, "{}", later.text);
}

#[tokio::test]
async fn calendars_are_connected_by_consent_and_their_appointments_land() {
    let (house, google) = house().await;
    consent(&house, &json!({"kind": "google_calendar", "settings": {"words": "no such word", "location": "Main"}}))
        .await;
    house.drain().await;
    let count = "select count(*) from signals where kind = 'booking' and source = 'google_calendar'";
    assert_eq!(house.count(count).await, google.appointments() as i64);
    let odd =
        house.post("/v2/ingestion/connections", &json!({"kind": "google_calendar", "secrets": {"token": "t"}})).await;
    assert_eq!(odd.status, 422, "there is no other way than consent: {}", odd.text);
}

#[tokio::test]
async fn outlook_signs_in_at_its_own_address() {
    let system = Microsoft::start(MicrosoftConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let base = system.base_url().to_owned();
    let house = House::with(|config| {
        let one = &mut config.connectors.microsoft_calendar;
        one.base_url = Some(format!("{base}/v1.0"));
        one.login_url = Some(format!("{base}/common"));
        one.client_id.clone_from(&system.config.client_id);
        one.client_secret = Secret::new(system.config.client_secret.as_str());
    })
    .await;
    consent(&house, &json!({"kind": "microsoft_calendar"})).await;
    house.drain().await;
    let count = "select count(*) from signals where kind = 'booking' and source = 'microsoft_calendar'";
    assert_eq!(house.count(count).await, system.appointments() as i64);
}
