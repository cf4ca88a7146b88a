//! The platform's answer is lost after the effect: one visible message all the same.

use kernel::testing::until;
use product_tests::{Product, person};
use serde_json::Value;
use standins::{Fault, Platform, Rule};

async fn one_visible_reply(platform: Platform, kind: &str, lost_at: &str) {
    let product = Product::start().await;
    let rule = || Rule::next(lost_at, 1, Fault::LoseAnswer);
    if platform == Platform::X {
        product.world.x.fail(rule());
    } else {
        product.world.meta.fail(rule());
    }
    let asha = person(platform, 9);
    product.writes(platform, &asha, "Good morning!");
    product.reply(platform, &asha, 1).await;
    let conversation = product.conversation(kind).await;
    let path = format!("/v2/conversations/{}/messages", conversation["id"].as_str().expect("an id"));
    until("the message known as sent", || async {
        let (_, messages) = product.call("GET", &path, Value::Null).await;
        let newest = messages["data"].as_array()?.iter().find(|message| message["direction"] == "outbound")?.clone();
        matches!(newest["state"].as_str(), Some("sent" | "delivered" | "read")).then_some(())
    })
    .await;
    product.settled().await;
    assert_eq!(product.replies(platform, &asha).len(), 1, "one visible reply");
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messenger_tells_by_its_echo() {
    one_visible_reply(Platform::Messenger, "facebook", "POST */messages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapp_tells_by_its_status() {
    one_visible_reply(Platform::WhatsApp, "whatsapp", "POST */messages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x_is_asked() {
    one_visible_reply(Platform::X, "x", "POST */messages").await;
}
