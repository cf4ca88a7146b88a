//! Scores follow from what contacts write.

use kernel::ids::ConversationId;
use serde_json::json;

use crate::support::House;

#[tokio::test]
async fn three_messages_make_a_hot_lead_whose_signals_add_up() {
    let house = House::new().await;
    let contact = house.contact("Mara Ellison").await;
    let conversation = ConversationId::new(&house.kernel().clock);
    house.writes(contact, conversation, &["greeting"], 1).await;
    house.follow().await;
    assert_eq!(house.count("select count(*) from leads").await, 0, "a greeting is no lead");
    house.writes(contact, conversation, &["price_or_buying", "first_contact_with_interest"], 2).await;
    house.writes(contact, conversation, &["availability", "three_or_more_messages", "price_or_buying"], 3).await;
    house.follow().await;
    let lead = house.lead_of(contact).await;
    let shown = house.web.get(&house.agent(), &format!("/v2/leads/{lead}")).await.json();
    assert_eq!((shown["score"].as_i64(), shown["tag"].as_str()), (Some(70), Some("HOT")), "{shown}");
    let points: i64 =
        shown["signals"].as_array().expect("signals").iter().map(|signal| signal["points"].as_i64().unwrap()).sum();
    assert_eq!(points, 70, "each signal counts once and they add up");
    assert_eq!(shown["contact_name"], "Mara Ellison");
    assert_eq!(shown["contact"]["identities"][0]["channel_kind"], "instagram");
    assert_eq!((&shown["topic"], &shown["tag_by"]), (&json!("whitening"), &json!("rules")));
}

#[tokio::test]
async fn a_tag_set_by_hand_stays_and_is_kept_as_a_correction() {
    let house = House::new().await;
    let (lead, contact) = house.hot("Jonas Peer").await;
    let cold = house.patch(&house.agent(), &format!("/v2/leads/{lead}/tag"), &json!({"tag": "COLD"})).await;
    assert_eq!((cold.status, cold.json()["tag"].as_str()), (200, Some("COLD")), "{}", cold.text);
    assert!(cold.json()["tag_by"].as_str().expect("by whom").starts_with("user_"));
    let conversation = ConversationId::new(&house.kernel().clock);
    house.writes(contact, conversation, &["product_inquiry"], 4).await;
    house.follow().await;
    let shown = house.web.get(&house.agent(), &format!("/v2/leads/{lead}")).await.json();
    assert_eq!(
        (shown["score"].as_i64(), shown["tag"].as_str()),
        (Some(100), Some("COLD")),
        "the score goes on, the tag stays"
    );
    assert_eq!(house.text("select was || ' ' || became from corrections where kind = 'tag'").await, "HOT COLD");
    assert_eq!(house.count("select count(*) from events where kind = 'lead.tagged'").await, 1);
    let wrong = house.patch(&house.agent(), &format!("/v2/leads/{lead}/tag"), &json!({"tag": "LUKEWARM"})).await;
    assert_eq!(wrong.status, 422);
}
