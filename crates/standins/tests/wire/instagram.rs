//! Sending and receiving on Instagram, by the page and by Instagram Login.

use serde_json::{Value, json};
use standins::{Content, Platform, Refusal, Writing};

use crate::receiver::{Receiver, VERIFY_TOKEN};
use crate::{INSTAGRAM, INSTAGRAM_TOKEN, PAGE_TOKEN, get, post, world};

const PERSON: &str = "9087654321001122";

fn body(text: &str) -> Value {
    json!({ "recipient": { "id": PERSON }, "message": { "text": text } })
}

#[tokio::test]
async fn both_tokens_send_and_the_echo_is_a_message() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    world
        .customer_writes(&Writing::new(
            Platform::Instagram,
            INSTAGRAM,
            PERSON,
            Content::StoryReply { text: "price?".into() },
        ))
        .unwrap();
    let base = world.meta.base_url();
    let by_page = post(&format!("{base}/v25.0/me/messages"), PAGE_TOKEN, &body("one")).await;
    let by_login = post(&format!("{base}/v25.0/{INSTAGRAM}/messages"), INSTAGRAM_TOKEN, &body("two")).await;
    assert_eq!((by_page.0, by_login.0), (200, 200));
    world.quiet().await;
    assert!(receiver.bodies().iter().all(|body| body["object"] == "instagram"));
    let events = receiver.messaging();
    assert!(events[0]["message"]["reply_to"]["story"]["url"].is_string());
    assert_eq!(events[1]["message"]["is_echo"], true);
    assert_eq!(events[2]["read"]["mid"], by_page.1["message_id"]);
    assert!(events.iter().all(|event| event.get("delivery").is_none()));
}

#[tokio::test]
async fn its_limits_and_window_are_its_own() {
    let world = world().await;
    world.customer_writes(&Writing::text(Platform::Instagram, INSTAGRAM, PERSON, "hi")).unwrap();
    let url = format!("{}/v25.0/me/messages", world.meta.base_url());
    assert_eq!(post(&url, PAGE_TOKEN, &body(&"é".repeat(501))).await.0, 400);
    world.meta.advance(chrono::Duration::hours(25));
    let late = post(&url, PAGE_TOKEN, &body("late")).await.1;
    assert_eq!((&late["error"]["code"], &late["error"]["error_subcode"]), (&json!(10), &json!(2_534_022)));
}

#[tokio::test]
async fn unsent_mentioned_and_unsupported_arrive() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    let write = |content| world.customer_writes(&Writing::new(Platform::Instagram, INSTAGRAM, PERSON, content));
    let mid = write(Content::text("oops")).unwrap();
    write(Content::Deleted { id: mid.clone() }).unwrap();
    write(Content::StoryMention).unwrap();
    write(Content::Unsupported).unwrap();
    assert_eq!(write(Content::Sticker), Err(Refusal::NotOnThisPlatform));
    world.quiet().await;
    let events = receiver.messaging();
    assert_eq!(events[1]["message"], json!({ "mid": mid, "is_deleted": true }));
    assert_eq!(events[2]["message"]["attachments"][0]["type"], "story_mention");
    assert_eq!(events[3]["message"]["is_unsupported"], true);
}

#[tokio::test]
async fn both_tokens_read_the_same_thread_back() {
    let world = world().await;
    world.customer_writes(&Writing::text(Platform::Instagram, INSTAGRAM, PERSON, "hi")).unwrap();
    let base = world.meta.base_url();
    let sent = post(&format!("{base}/v25.0/me/messages"), PAGE_TOKEN, &body("one")).await.1;
    let url = format!("{base}/v25.0/me/conversations?platform=instagram&user_id={PERSON}&fields=messages");
    for token in [PAGE_TOKEN, INSTAGRAM_TOKEN] {
        let (status, answer) = get(&url, token).await;
        assert_eq!((status, &answer["data"][0]["messages"]["data"][0]["id"]), (200, &sent["message_id"]), "{answer}");
    }
}
