//! Webhook deliveries: only to a verified target, retried, doubled, reordered, late, batched.

use std::collections::BTreeSet;

use standins::{Platform, Writing};

use crate::receiver::{Receiver, VERIFY_TOKEN};
use crate::{PAGE, PAGE_TOKEN, post, world};

const PERSON: &str = "7812345678901234";

fn write(world: &standins::World, person: &str, text: &str) {
    world.customer_writes(&Writing::text(Platform::Messenger, PAGE, person, text)).unwrap();
}

fn texts(receiver: &Receiver) -> Vec<String> {
    receiver.messaging().iter().filter_map(|event| event["message"]["text"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn nothing_goes_to_a_target_that_failed_its_handshake() {
    let (world, receiver) = (world().await, Receiver::start().await);
    assert!(!world.meta.verify_webhook(&receiver.url, "wrong token").await);
    write(&world, PERSON, "unheard");
    assert_eq!(world.meta.counters()["webhooks.no_verified_target"], 1);
    assert!(world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await);
    write(&world, PERSON, "heard");
    world.quiet().await;
    assert_eq!(texts(&receiver), ["heard"]);
}

#[tokio::test]
async fn a_refused_delivery_is_retried_until_it_is_taken() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    world.meta.manners(|manners| manners.retry_first_ms = 5);
    receiver.refuse(3);
    write(&world, PERSON, "stubborn");
    world.quiet().await;
    assert_eq!(texts(&receiver), ["stubborn"]);
    assert_eq!((world.meta.counters()["webhooks.retried"], world.meta.counters()["webhooks.delivered"]), (3, 1));
}

#[tokio::test]
async fn a_delivery_is_given_up_after_its_last_attempt() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    world.meta.manners(|manners| (manners.retry_first_ms, manners.attempts) = (1, 4));
    receiver.refuse(100);
    write(&world, PERSON, "hopeless");
    world.quiet().await;
    assert_eq!((world.meta.counters()["webhooks.refused"], world.meta.counters()["webhooks.given_up"]), (4, 1));
}

#[tokio::test]
async fn duplicates_come_with_the_same_id() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    world.meta.manners(|manners| (manners.duplicate, manners.reorder_ms) = (1.0, 5));
    write(&world, PERSON, "twice");
    world.quiet().await;
    let events = receiver.messaging();
    assert_eq!((events.len(), &events[0]), (2, &events[1]));
}

#[tokio::test]
async fn order_is_kept_in_a_conversation_unless_told_otherwise() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    let numbers: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    for n in &numbers {
        write(&world, PERSON, n);
    }
    world.quiet().await;
    assert_eq!(texts(&receiver), numbers);
    world.meta.manners(|manners| (manners.reorder, manners.reorder_ms) = (0.5, 60));
    for n in &numbers {
        write(&world, PERSON, n);
    }
    world.quiet().await;
    let second = texts(&receiver).split_off(60);
    assert_ne!(second, numbers);
    assert_eq!(second.iter().collect::<BTreeSet<_>>(), numbers.iter().collect::<BTreeSet<_>>(), "nothing is lost");
}

#[tokio::test]
async fn waiting_events_share_a_body() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    for n in 0..40 {
        write(&world, PERSON, &n.to_string());
    }
    world.quiet().await;
    let bodies = receiver.bodies();
    assert!(bodies.len() < 40 && bodies.iter().all(|body| body["entry"].as_array().unwrap().len() <= 10));
    assert_eq!(texts(&receiver).len(), 40);
}

#[tokio::test]
async fn echoes_can_be_late_and_receipts_hidden() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    world.meta.manners(|manners| (manners.echo_delay_ms, manners.receipts) = (120, false));
    write(&world, PERSON, "one");
    let body = serde_json::json!({ "recipient": { "id": PERSON }, "message": { "text": "answer" } });
    let url = format!("{}/v25.0/me/messages", world.meta.base_url());
    assert_eq!(post(&url, PAGE_TOKEN, &body).await.0, 200);
    write(&world, PERSON, "two");
    world.quiet().await;
    assert_eq!(texts(&receiver), ["one", "two", "answer"]);
    assert_eq!(receiver.messaging().len(), 3);
}
