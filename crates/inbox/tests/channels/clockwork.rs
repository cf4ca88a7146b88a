//! What is done by the clock: tokens renewed in time, snoozed conversations back.

use chrono::TimeDelta;
use serde_json::json;
use standins::{Fault, Rule};

use crate::house::House;

const REFRESHES: &str = "POST /2/oauth2/token";

async fn sealed_tokens(house: &House) -> Vec<u8> {
    house.value("select token || refresh_token from channels").await
}

#[tokio::test]
async fn an_x_token_is_renewed_before_it_ends_and_not_earlier() {
    let house = House::new().await;
    house.connects("x").await;
    let first = sealed_tokens(&house).await;
    house.tick().await;
    assert_eq!(sealed_tokens(&house).await, first, "two hours are left");
    for _ in 0..2 {
        // The second renewal shows that the rotated refresh token was kept.
        house.core.kernel.clock.advance(TimeDelta::minutes(100));
        let before = sealed_tokens(&house).await;
        house.tick().await;
        assert_ne!(sealed_tokens(&house).await, before);
        assert_eq!(house.value::<String>("select status from channels").await, "connected");
    }
    house.tick().await;
    assert_eq!(House::asked(&house.world.x.requests(), "POST", "/2/oauth2/token"), 3, "the code and two renewals");
}

#[tokio::test]
async fn a_lost_answer_is_tried_again_and_a_refusal_waits_for_a_person() {
    let house = House::new().await;
    house.connects("x").await;
    house.core.kernel.clock.advance(TimeDelta::minutes(100));
    house.world.x.fail(Rule::next(REFRESHES, 1, Fault::Status { status: 503, retry_after: None }));
    house.tick().await;
    assert_eq!(house.value::<String>("select status from channels").await, "connected");
    house.world.x.fail(Rule::next(REFRESHES, 1, Fault::LoseAnswer));
    house.tick().await;
    // The lost answer used the refresh token up: the platform refuses it now.
    house.tick().await;
    let id = house.channel().await;
    let status = house.web.get(&house.admin, &format!("/v2/channels/{id}/status")).await.json();
    assert_eq!(status["status"], json!("reauthorise"), "{status}");
    assert!(status["last_error"].as_str().is_some_and(|text| text.contains("connect the account again")), "{status}");
    assert_eq!(house.value::<i64>("select count(*) from events where kind = 'channel.failing'").await, 1);
    house.connects("x").await;
    assert_eq!(house.value::<String>("select status from channels").await, "connected", "a person connected it again");
}

#[tokio::test]
async fn a_snoozed_conversation_comes_back_when_its_time_has_come() {
    let house = House::new().await;
    house.connects("facebook").await;
    house
        .arrange(
            "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, status, snoozed_until, last_message_at) \
             select org_id, gen_random_uuid(), id, kind, gen_random_uuid(), 'someone', 'snoozed', now() + interval '1 hour', now() from channels",
        )
        .await;
    house.tick().await;
    assert_eq!(house.value::<String>("select status from conversations").await, "snoozed");
    house.core.kernel.clock.advance(TimeDelta::minutes(61));
    house.tick().await;
    assert!(house.value::<bool>("select status = 'open' and snoozed_until is null from conversations").await);
    house.tick().await;
    assert_eq!(house.value::<i64>("select count(*) from events where kind = 'conversation.status'").await, 1);
}

#[tokio::test]
async fn spending_of_long_ago_is_let_go() {
    let house = House::new().await;
    house
        .arrange(
            "insert into ai_spend (org_id, scope, period, updated_at) \
             select id, 'turn', 'old', now() - interval '8 days' from organisations union all select id, 'turn', 'new', now() from organisations",
        )
        .await;
    house.tick().await;
    assert_eq!(house.value::<String>("select period from ai_spend").await, "new");
}
