//! Letting an account go ends its events, unless another account needs them.

use axum::http::Method;
use serde_json::json;
use standins::{Fault, Rule};

use crate::house::House;

async fn let_go(house: &House, id: &str) {
    let answer = house.web.call(&house.admin, Method::DELETE, &format!("/v2/channels/{id}"), None).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

#[tokio::test]
async fn a_page_that_instagram_still_needs_stays_subscribed() {
    let house = House::new().await;
    house.connects("facebook").await;
    house.connects("instagram").await;
    let channels = house.channels().await;
    let ids: Vec<&str> = channels.iter().filter_map(|channel| channel["id"].as_str()).collect();
    let ended = || House::asked(&house.world.meta.requests(), "DELETE", "/subscribed_apps");
    let_go(&house, ids[0]).await;
    assert_eq!(ended(), 0, "Instagram's events come through the page");
    let_go(&house, ids[1]).await;
    assert_eq!(ended(), 1);
    assert!(house.value::<bool>("select bool_and(token is null and last_error is null) from channels").await);
}

#[tokio::test]
async fn the_subscriptions_of_an_x_account_end() {
    let house = House::new().await;
    house.connects("x").await;
    let_go(&house, &house.channel().await).await;
    let requests = house.world.x.requests();
    let ended = requests
        .iter()
        .filter(|request| request.method == "DELETE" && request.path.starts_with("/2/activity/subscriptions/"))
        .count();
    assert!(ended >= 3, "{ended}");
    assert_eq!(House::asked(&requests, "POST", "/2/oauth2/revoke"), 1);
}

#[tokio::test]
async fn a_platform_that_does_not_end_them_is_named_and_holds_nothing_up() {
    let house = House::new().await;
    house.connects("whatsapp").await;
    let id = house.channel().await;
    house
        .world
        .meta
        .fail(Rule::always("DELETE */subscribed_apps", Fault::Error { name: "200".into(), retry_after: None }));
    let_go(&house, &id).await;
    let status = house.web.get(&house.admin, &format!("/v2/channels/{id}/status")).await.json();
    assert_eq!(status["status"], json!("disconnected"));
    assert!(status["last_error"].as_str().is_some_and(|text| text.contains("did not end its events")), "{status}");
}
