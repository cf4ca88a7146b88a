//! Sending and receiving on Messenger.

use serde_json::{Value, json};
use standins::meta::Trouble;
use standins::{Author, Content, Platform, Refusal, World, Writing, sign};

use crate::receiver::{Receiver, VERIFY_TOKEN};
use crate::{APP_SECRET, PAGE, PAGE_TOKEN, get, http, post, world};

const PERSON: &str = "7812345678901234";

fn hello(world: &World) -> String {
    world.customer_writes(&Writing::text(Platform::Messenger, PAGE, PERSON, "hello").named("Asha Patel")).unwrap()
}

async fn send(world: &World, message: Value) -> (u16, Value) {
    let url = format!("{}/v25.0/me/messages", world.meta.base_url());
    post(&url, PAGE_TOKEN, &json!({ "recipient": { "id": PERSON }, "messaging_type": "RESPONSE", "message": message }))
        .await
}

fn error(answer: &Value) -> (i64, Option<i64>) {
    (answer["error"]["code"].as_i64().unwrap(), answer["error"]["error_subcode"].as_i64())
}

#[tokio::test]
async fn a_message_goes_both_ways_with_echo_and_receipts() {
    let (world, receiver) = (world().await, Receiver::start().await);
    assert!(world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await);
    let mid = hello(&world);
    let (status, sent) = send(&world, json!({ "text": "Guten Tag 🙂", "metadata": "turn-42" })).await;
    assert_eq!((status, &sent["recipient_id"]), (200, &json!(PERSON)));
    world.quiet().await;
    let events = receiver.messaging();
    assert_eq!(events[0]["message"], json!({ "mid": mid, "text": "hello" }));
    assert_eq!((&events[0]["sender"]["id"], &events[0]["recipient"]["id"]), (&json!(PERSON), &json!(PAGE)));
    let echo = &events[1]["message"];
    assert_eq!(
        (&echo["is_echo"], &echo["metadata"], &echo["app_id"]),
        (&json!(true), &json!("turn-42"), &json!(263_902_037_430_900_u64))
    );
    assert_eq!((&echo["mid"], &echo["text"]), (&sent["message_id"], &json!("Guten Tag 🙂")));
    assert_eq!(events[2]["delivery"]["mids"][0], sent["message_id"]);
    assert!(events[2].get("timestamp").is_none() && events[3]["read"]["watermark"].is_i64());
    let thread = world.thread(Platform::Messenger, PAGE, PERSON);
    assert_eq!(thread.iter().map(|m| m.author).collect::<Vec<_>>(), [Author::Customer, Author::App]);
    assert_eq!(thread[1].key.as_deref(), Some("turn-42"));
}

#[tokio::test]
async fn the_window_closes_after_a_day_and_for_humans_after_a_week() {
    let world = world().await;
    hello(&world);
    world.meta.advance(chrono::Duration::hours(25));
    assert_eq!(error(&send(&world, json!({ "text": "late" })).await.1), (10, Some(2_018_278)));
    let url = format!("{}/v25.0/{PAGE}/messages", world.meta.base_url());
    let tagged = json!({ "recipient": { "id": PERSON }, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT", "message": { "text": "by hand" } });
    assert_eq!(post(&url, PAGE_TOKEN, &tagged).await.0, 200);
    world.meta.advance(chrono::Duration::days(7));
    assert_eq!(error(&post(&url, PAGE_TOKEN, &tagged).await.1), (10, Some(2_018_278)));
}

#[tokio::test]
async fn tokens_proofs_people_and_accounts_are_checked() {
    let world = world().await;
    hello(&world);
    let url = format!("{}/v25.0/{PAGE}/messages", world.meta.base_url());
    let body = json!({ "recipient": { "id": PERSON }, "message": { "text": "a" } });
    assert_eq!(error(&post(&url, "WRONG", &body).await.1).0, 190);
    assert_eq!(
        error(&post(&format!("{}/v25.0/999/messages", world.meta.base_url()), PAGE_TOKEN, &body).await.1),
        (100, Some(33))
    );
    assert_eq!(error(&post(&url, crate::SYSTEM_TOKEN, &body).await.1).0, 200);
    let stranger = json!({ "recipient": { "id": "1" }, "message": { "text": "a" } });
    assert_eq!(error(&post(&url, PAGE_TOKEN, &stranger).await.1), (100, Some(2_018_001)));
    assert_eq!(error(&post(&format!("{url}?appsecret_proof=00"), PAGE_TOKEN, &body).await.1).0, 100);
    let proof = sign::meta_proof(APP_SECRET, PAGE_TOKEN);
    assert_eq!(post(&format!("{url}?appsecret_proof={proof}"), PAGE_TOKEN, &body).await.0, 200);
    assert_eq!(error(&post(&format!("{}/me/me/messages", world.meta.base_url()), PAGE_TOKEN, &body).await.1).0, 2500);
}

#[tokio::test]
async fn troubles_have_their_own_codes() {
    let world = world().await;
    hello(&world);
    let blocked = |on| Trouble::Blocked { account: PAGE.into(), person: PERSON.into(), on };
    world.meta.trouble(blocked(true));
    assert_eq!(error(&send(&world, json!({ "text": "a" })).await.1), (551, Some(1_545_041)));
    world.meta.trouble(blocked(false));
    world.meta.trouble(Trouble::Restricted { account: PAGE.into(), on: true });
    assert_eq!(error(&send(&world, json!({ "text": "a" })).await.1), (10, Some(1_893_063)));
    world.meta.trouble(Trouble::Restricted { account: PAGE.into(), on: false });
    world.meta.trouble(Trouble::Token { token: PAGE_TOKEN.into(), subcode: Some(460) });
    assert_eq!(error(&send(&world, json!({ "text": "a" })).await.1), (190, Some(460)));
    world.meta.trouble(Trouble::Token { token: PAGE_TOKEN.into(), subcode: None });
    assert_eq!(send(&world, json!({ "text": "a" })).await.0, 200);
}

#[tokio::test]
async fn too_many_sends_in_a_second_are_throttled() {
    let mut config = standins::WorldConfig::default();
    config.meta.limits.sends_per_s = 3;
    let world = World::start(config).await.unwrap();
    hello(&world);
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(send(&world, json!({ "text": "a" })).await.0);
    }
    assert_eq!(codes, [200, 200, 200, 400, 400]);
    world.meta.advance(chrono::Duration::seconds(2));
    assert_eq!(send(&world, json!({ "text": "a" })).await.0, 200);
}

#[tokio::test]
async fn limits_of_the_body_answer_100() {
    let world = world().await;
    hello(&world);
    for message in
        [json!({ "text": "a".repeat(2001) }), json!({}), json!({ "attachment": { "type": "image", "payload": {} } })]
    {
        assert_eq!(error(&send(&world, message).await.1).0, 100);
    }
    assert_eq!(world.thread(Platform::Messenger, PAGE, PERSON).len(), 1, "nothing refused became visible");
}

#[tokio::test]
async fn staff_in_the_native_inbox_echo_with_a_foreign_app() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    hello(&world);
    world.meta.staff_writes(Platform::Messenger, PAGE, PERSON, "this is Robin", Some(1));
    world.meta.staff_writes(Platform::Messenger, PAGE, PERSON, "again", None);
    world.quiet().await;
    let echoes: Vec<Value> = receiver.messaging().into_iter().filter(|e| e["message"]["is_echo"] == true).collect();
    assert_eq!(echoes[0]["message"]["app_id"], 1);
    assert!(echoes[1]["message"].get("app_id").is_none());
}

#[tokio::test]
async fn every_kind_of_content_arrives_in_its_shape() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    let mid = hello(&world);
    let write = |content| world.customer_writes(&Writing::new(Platform::Messenger, PAGE, PERSON, content));
    for content in [
        Content::Image { caption: None },
        Content::Sticker,
        Content::Location { latitude: 1.5, longitude: 2.5 },
        Content::Reaction { to: mid.clone(), emoji: Some("❤".into()) },
        Content::Postback { title: "Book".into(), payload: "BOOK".into() },
        Content::Edited { id: mid.clone(), text: "hallo".into() },
    ] {
        write(content).unwrap();
    }
    assert_eq!(write(Content::StoryMention), Err(Refusal::NotOnThisPlatform));
    world.quiet().await;
    let events = receiver.messaging();
    let url = events[1]["message"]["attachments"][0]["payload"]["url"].as_str().unwrap().to_owned();
    assert_eq!(http().get(url).send().await.unwrap().status(), 200);
    assert!(events[2]["message"]["attachments"][0]["payload"]["sticker_id"].is_u64());
    assert_eq!(events[3]["message"]["attachments"][0]["payload"]["coordinates"]["long"], 2.5);
    assert_eq!(events[4]["reaction"]["mid"], mid);
    assert_eq!(events[5]["postback"]["payload"], "BOOK");
    assert_eq!(events[6]["message_edit"]["text"], "hallo");
}

#[tokio::test]
async fn conversations_can_be_read_back_and_profiles_looked_up() {
    let world = world().await;
    hello(&world);
    let sent = send(&world, json!({ "text": "yes" })).await.1;
    let base = world.meta.base_url();
    let (status, answer) =
        get(&format!("{base}/v25.0/{PAGE}/conversations?user_id={PERSON}&fields=messages"), PAGE_TOKEN).await;
    let newest = &answer["data"][0]["messages"]["data"][0];
    assert_eq!((status, &newest["id"], &newest["message"]), (200, &sent["message_id"], &json!("yes")));
    let (_, person) = get(&format!("{base}/v25.0/{PERSON}?fields=first_name,last_name"), PAGE_TOKEN).await;
    assert_eq!(person, json!({ "id": PERSON, "first_name": "Asha", "last_name": "Patel" }));
}

#[tokio::test]
async fn typing_is_noted_but_not_visible() {
    let world = world().await;
    hello(&world);
    let url = format!("{}/v25.0/me/messages", world.meta.base_url());
    let (status, answer) =
        post(&url, PAGE_TOKEN, &json!({ "recipient": { "id": PERSON }, "sender_action": "typing_on" })).await;
    assert_eq!((status, answer), (200, json!({ "recipient_id": PERSON })));
    assert_eq!(world.meta.signals()[0]["action"], "typing_on");
    assert_eq!(world.messages().len(), 1);
}

#[tokio::test]
async fn an_unsubscribed_page_and_a_thread_of_another_app() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    let url = format!("{}/v25.0/{PAGE}/subscribed_apps", world.meta.base_url());
    let deleted = crate::answer(http().delete(&url).bearer_auth(PAGE_TOKEN)).await;
    assert_eq!(deleted.1, json!({ "success": true }));
    hello(&world);
    let fields = json!({ "subscribed_fields": "messages,message_echoes" });
    assert_eq!(post(&url, PAGE_TOKEN, &fields).await.0, 200);
    assert_eq!(post(&url, PAGE_TOKEN, &json!({ "subscribed_fields": ["nonsense"] })).await.0, 400);
    world.meta.trouble(Trouble::Standby { account: PAGE.into(), person: PERSON.into(), on: true });
    hello(&world);
    world.quiet().await;
    assert_eq!(receiver.bodies().len(), 1);
    assert!(receiver.bodies()[0]["entry"][0].get("standby").is_some());
    assert_eq!(world.meta.counters()["webhooks.not_subscribed"], 1);
}
