//! Every fault, struck on a real connection.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use standins::{Fault, Platform, Rule, World, Writing};

use crate::{PAGE, PAGE_TOKEN, X_BEARER, X_USER, answer, get, http, post, world};

const PERSON: &str = "7812345678901234";
const SENDS: &str = "POST */messages";

async fn ready() -> World {
    let world = world().await;
    world.customer_writes(&Writing::text(Platform::Messenger, PAGE, PERSON, "hello")).unwrap();
    world
}

fn request(world: &World, key: &str) -> reqwest::RequestBuilder {
    let body = json!({ "recipient": { "id": PERSON }, "message": { "text": "a", "metadata": key } });
    http().post(format!("{}/v25.0/me/messages", world.meta.base_url())).bearer_auth(PAGE_TOKEN).json(&body)
}

fn visible(world: &World) -> usize {
    world.thread(Platform::Messenger, PAGE, PERSON).len() - 1
}

#[tokio::test]
async fn an_answer_lost_after_the_effect() {
    let world = ready().await;
    world.meta.fail(Rule::next(SENDS, 1, Fault::LoseAnswer));
    assert!(request(&world, "k1").send().await.is_err());
    assert_eq!(visible(&world), 1, "the person has it");
    assert_eq!(request(&world, "k1").send().await.unwrap().status(), 200);
    assert_eq!(world.meta.threads.doubled_keys()["k1"], 2, "and a blind retry shows it twice");
}

#[tokio::test]
async fn a_connection_closed_before_the_body_is_read() {
    let world = ready().await;
    world.meta.fail(Rule::next(SENDS, 1, Fault::Close));
    assert!(request(&world, "k1").send().await.is_err());
    assert_eq!(visible(&world), 0);
    assert_eq!(world.meta.counters()["fault.close"], 1);
    assert_eq!(request(&world, "k1").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn server_errors_and_named_errors() {
    let world = ready().await;
    world.meta.fail(Rule::next(SENDS, 1, Fault::Status { status: 500, retry_after: None }));
    world.meta.fail(Rule::next(SENDS, 1, Fault::Status { status: 502, retry_after: None }));
    world.meta.fail(Rule::next(SENDS, 1, Fault::Error { name: "613".into(), retry_after: Some(7) }));
    assert_eq!(answer(request(&world, "k")).await.1["error"]["code"], 1);
    let page = request(&world, "k").send().await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"), "a gateway answers no JSON");
    let throttled = request(&world, "k").send().await.unwrap();
    assert_eq!(throttled.headers()["retry-after"], "7");
    assert_eq!(throttled.json::<Value>().await.unwrap()["error"]["code"], 613);
    assert_eq!((request(&world, "k").send().await.unwrap().status().as_u16(), visible(&world)), (200, 1));
}

#[tokio::test]
async fn a_hang_and_a_delay() {
    let world = ready().await;
    world.meta.fail(Rule::next(SENDS, 1, Fault::Hang));
    let hung = request(&world, "k").timeout(Duration::from_millis(150)).send().await.unwrap_err();
    assert!(hung.is_timeout());
    assert_eq!(visible(&world), 0);
    world.meta.fail(Rule::next(SENDS, 1, Fault::Delay { ms: 80 }));
    let started = Instant::now();
    assert_eq!(request(&world, "k").send().await.unwrap().status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_slow_body_and_a_cut_body() {
    let world = ready().await;
    world.meta.fail(Rule::next(SENDS, 1, Fault::SlowBody { chunk: 10, ms: 20 }));
    let started = Instant::now();
    let response = request(&world, "k").send().await.unwrap();
    let at_headers = started.elapsed();
    assert!(response.json::<Value>().await.unwrap()["message_id"].is_string());
    assert!(started.elapsed() > at_headers + Duration::from_millis(60));
    world.meta.fail(Rule::next(SENDS, 1, Fault::CutBody { after: 5 }));
    let cut = request(&world, "k").send().await;
    assert!(match cut {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    });
    assert_eq!(visible(&world), 2, "both were carried out");
}

#[tokio::test]
async fn a_chance_strikes_about_as_often_as_it_says() {
    let world = ready().await;
    world.meta.fail(Rule::chance(SENDS, 0.3, 11, Fault::Status { status: 500, retry_after: None }));
    let mut failed = 0;
    for _ in 0..100 {
        failed += usize::from(request(&world, "k").send().await.unwrap().status() == 500);
    }
    assert!((15..=45).contains(&failed), "{failed}");
    world.meta.heal();
    assert_eq!(request(&world, "k").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_control_address_does_the_same_from_another_process() {
    let world = ready().await;
    let control = format!("{}/_control", world.meta.base_url());
    let rule = json!({ "endpoint": SENDS, "fault": "error", "name": "10/2018278", "when": "next", "count": 1 });
    assert_eq!(post(&format!("{control}/faults"), "", &rule).await.0, 200);
    assert_eq!(answer(request(&world, "k")).await.1["error"]["error_subcode"], 2_018_278);
    assert_eq!(get(&format!("{control}/faults"), "").await.1["data"][0]["fired"], 1);
    let writing =
        json!({ "platform": "messenger", "account": PAGE, "person": PERSON, "kind": "text", "text": "from outside" });
    assert!(post(&format!("{control}/customer"), "", &writing).await.1["id"].is_string());
    let seen = get(&format!("{control}/messages/{PAGE}/{PERSON}"), "").await.1;
    assert_eq!(seen["data"][1]["text"], "from outside");
    assert_eq!(post(&format!("{control}/clock"), "", &json!({ "seconds": 90_000 })).await.0, 200);
    assert_eq!(answer(request(&world, "k")).await.1["error"]["code"], 10);
    let requests = get(&format!("{control}/requests"), "").await.1;
    assert_eq!((&requests["data"][0]["fault"], &requests["data"][0]["status"]), (&json!("error"), &json!(400)));
    assert_eq!(get(&format!("{control}/counters"), "").await.1["fault.error"], 1);
}

#[tokio::test]
async fn every_system_words_its_errors_in_its_own_way() {
    let world = world().await;
    let failing = |status| Rule::always("*", Fault::Status { status, retry_after: None });
    world.x.fail(failing(503));
    world.openai.fail(failing(503));
    world.hubspot.fail(failing(500));
    let x = get(&format!("{}/2/dm_events", world.x.base_url()), X_BEARER).await;
    assert_eq!((x.0, &x.1["type"]), (503, &json!("https://api.x.com/2/problems/internal-error")));
    assert_eq!(get(&format!("{}/v1/models", world.openai.base_url()), "").await.1["error"]["type"], "server_error");
    assert_eq!(get(&format!("{}/crm/v3/owners", world.hubspot.base_url()), "").await.1["status"], "error");
    world.x.heal();
    world.x.fail(Rule::always("*", Fault::Error { name: "dm-blocked".into(), retry_after: None }));
    let url = format!("{}/2/dm_conversations/with/{X_USER}/messages", world.x.base_url());
    assert_eq!(post(&url, X_BEARER, &json!({ "text": "a" })).await.0, 403);
}
