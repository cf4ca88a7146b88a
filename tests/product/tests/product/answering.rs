//! Messages of every platform are answered once, and become leads.

use kernel::testing::until;
use product_tests::{ACCOUNTS, Product, account, person};
use serde_json::Value;
use standins::{Manners, Platform, Writing};

#[tokio::test(flavor = "multi_thread")]
async fn every_platform_gets_one_answer_even_when_deliveries_are_doubled_and_reordered() {
    let product = Product::start().await;
    product.world.meta.manners(|manners: &mut Manners| {
        manners.duplicate = 1.0;
        manners.reorder = 0.5;
    });
    product.world.x.manners(|manners| manners.duplicate = 1.0);
    for (number, (platform, ..)) in ACCOUNTS.into_iter().enumerate() {
        product.writes(platform, &person(platform, number as u64), "Good morning!");
    }
    for (number, (platform, ..)) in ACCOUNTS.into_iter().enumerate() {
        let reply = product.reply(platform, &person(platform, number as u64), 1).await;
        assert!(reply.text.is_some_and(|text| !text.is_empty()), "{platform:?}");
    }
    product.settled().await;
    for (number, (platform, kind, ..)) in ACCOUNTS.into_iter().enumerate() {
        assert_eq!(product.replies(platform, &person(platform, number as u64)).len(), 1, "{platform:?}");
        let conversation = product.conversation(kind).await;
        let path = format!("/v2/conversations/{}/messages", conversation["id"].as_str().expect("an id"));
        let (_, messages) = product.call("GET", &path, Value::Null).await;
        assert_eq!(messages["data"].as_array().map(Vec::len), Some(2), "{platform:?}: {messages}");
    }
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_of_one_thought_are_answered_together() {
    let product = Product::start().await;
    let asha = person(Platform::Messenger, 1);
    product.writes(Platform::Messenger, &asha, "hi");
    product.writes(Platform::Messenger, &asha, "thanks");
    product.reply(Platform::Messenger, &asha, 1).await;
    product.settled().await;
    assert_eq!(product.replies(Platform::Messenger, &asha).len(), 1);
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_becomes_a_hot_lead_in_the_list() {
    let product = Product::start().await;
    let asha = person(Platform::WhatsApp, 7);
    product.writes(
        Platform::WhatsApp,
        &asha,
        "How much is teeth whitening? I want to book it this week, it is urgent.",
    );
    product.writes(Platform::WhatsApp, &asha, "Do you have a slot available on Friday for the whitening treatment?");
    let hot = until("a HOT lead on the conversation", || async {
        let conversation = product.conversation("whatsapp").await;
        (conversation["lead_tag"] == "HOT").then_some(conversation)
    })
    .await;
    assert!(hot["lead_score"].as_i64().is_some_and(|score| score >= 70), "{hot}");
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wrote_is_asked_for_where_the_platform_tells_an_id_only() {
    let product = Product::start().await;
    for (platform, kind) in [(Platform::Messenger, "facebook"), (Platform::Instagram, "instagram")] {
        let writing = Writing::text(platform, account(platform), &person(platform, 11), "Good morning!");
        product.world.customer_writes(&writing.named("Asha Patel")).expect("a known account");
        until("the name in the list", || async {
            (product.conversation(kind).await["contact_name"] == "Asha Patel").then_some(())
        })
        .await;
    }
    product.end().await;
}
