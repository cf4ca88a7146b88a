//! The bot never talks over a person.

use kernel::testing::until;
use product_tests::{Product, account, person};
use serde_json::{Value, json};
use standins::{Author, Platform};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_takeover_only_the_person_answers_until_the_pen_is_given_back() {
    let product = Product::start().await;
    let asha = person(Platform::Messenger, 2);
    product.writes(Platform::Messenger, &asha, "Good morning!");
    product.reply(Platform::Messenger, &asha, 1).await;
    let conversation = product.conversation("facebook").await;
    let path = format!("/v2/conversations/{}", conversation["id"].as_str().expect("an id"));

    let (status, pen) = product.call("POST", &format!("{path}/takeover"), Value::Null).await;
    assert_eq!((status, &pen["holder"], &pen["in_flight"]), (200, &json!("human"), &json!(false)), "{pen}");
    product.writes(Platform::Messenger, &asha, "Good evening!");
    until("the second message in the thread", || async {
        let (_, messages) = product.call("GET", &format!("{path}/messages"), Value::Null).await;
        (messages["data"].as_array().map(Vec::len) == Some(3)).then_some(())
    })
    .await;
    product.settled().await;
    assert_eq!(product.replies(Platform::Messenger, &asha).len(), 1, "the bot kept quiet");

    let (status, sent) = product.call("POST", &format!("{path}/messages"), json!({ "text": "Dana here." })).await;
    assert_eq!(status, 201, "{sent}");
    assert_eq!(product.reply(Platform::Messenger, &asha, 2).await.text.as_deref(), Some("Dana here."));

    let (status, _) = product.call("DELETE", &format!("{path}/takeover"), Value::Null).await;
    assert_eq!(status, 204);
    product.writes(Platform::Messenger, &asha, "Thank you very much!");
    product.reply(Platform::Messenger, &asha, 3).await;
    product.settled().await;
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_the_platforms_own_app_counts_as_taking_over() {
    let product = Product::start().await;
    let asha = person(Platform::Messenger, 3);
    product.writes(Platform::Messenger, &asha, "Good morning!");
    product.reply(Platform::Messenger, &asha, 1).await;
    product.settled().await;
    product.world.meta.staff_writes(Platform::Messenger, account(Platform::Messenger), &asha, "I am on it.", None);
    until("the pen with a person", || async {
        (product.conversation("facebook").await["holder"] == "human").then_some(())
    })
    .await;
    product.writes(Platform::Messenger, &asha, "Good evening!");
    product.settled().await;
    let thread = product.world.thread(Platform::Messenger, account(Platform::Messenger), &asha);
    assert_eq!(thread.last().map(|message| message.author), Some(Author::Customer), "{thread:?}");
    product.end().await;
}
