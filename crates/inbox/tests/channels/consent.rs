//! Out to the platform and back: every kind of account ends up connected and subscribed.

use serde_json::json;
use standins::meta::{InstagramSeed, PageSeed};

use crate::house::House;

#[tokio::test]
async fn a_page_is_connected_and_its_events_come() {
    let house = House::new().await;
    let page = house.connects("facebook").await;
    assert!(page.status == 200 && page.text.contains("Messages arrive in the inbox"), "{}", page.text);
    let channels = house.channels().await;
    assert_eq!(
        (&channels[0]["type"], &channels[0]["platform_account_id"]),
        (&json!("facebook"), &json!("104500000000001"))
    );
    assert_eq!(House::asked(&house.world.meta.requests(), "POST", "/subscribed_apps"), 1);
    assert!(house.value::<bool>("select subscribed and parent_id is null and last_error is null from channels").await);
    assert!(
        house.value::<bool>("select position('EAA'::bytea in token) = 0 from channels").await,
        "the token is sealed"
    );
    assert_eq!(house.value::<i64>("select count(*) from oauth_states").await, 0, "the state is burnt");
    assert_eq!(house.value::<i64>("select count(*) from events where kind = 'channel.connected'").await, 1);
}

#[tokio::test]
async fn connecting_again_keeps_the_channel() {
    let house = House::new().await;
    house.connects("facebook").await;
    let first = house.channel().await;
    house.connects("facebook").await;
    assert_eq!(house.channel().await, first);
}

#[tokio::test]
async fn an_instagram_account_is_connected_through_its_page() {
    let house = House::new().await;
    assert_eq!(house.connects("instagram").await.status, 200);
    assert_eq!(house.channels().await[0]["platform_account_id"], "17841400000000001");
    assert_eq!(house.value::<String>("select parent_id from channels").await, "104500000000001");
}

#[tokio::test]
async fn a_whatsapp_number_is_connected_with_its_business_account() {
    let house = House::new().await;
    let page = house.connects("whatsapp").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(house.channels().await[0]["platform_account_id"], "106540000000002");
    assert_eq!(house.value::<String>("select parent_id from channels where subscribed").await, "102290000000001");
    assert_eq!(House::asked(&house.world.meta.requests(), "POST", "/102290000000001/subscribed_apps"), 1);
}

#[tokio::test]
async fn an_x_account_is_connected_with_pkce_webhook_and_subscriptions() {
    let house = House::new().await;
    let page = house.connects("x").await;
    assert!(page.status == 200 && page.text.contains("Messages arrive"), "{}", page.text);
    assert_eq!(house.channels().await[0]["platform_account_id"], "1111111111111111111");
    assert!(
        house
            .value::<bool>(
                "select refresh_token is not null and token_expires_at is not null and subscribed from channels"
            )
            .await
    );
    let requests = house.world.x.requests();
    assert_eq!(House::asked(&requests, "POST", "/2/webhooks"), 1);
    assert_eq!(House::asked(&requests, "POST", "/2/activity/subscriptions"), 3);
}

#[tokio::test]
async fn several_pages_are_a_choice() {
    let house = House::with(|config| {
        let instagram = Some(InstagramSeed {
            id: "17841400000000002".into(),
            username: "northwind.uptown".into(),
            token: "IGTOKEN2".into(),
        });
        let id = "104500000000002".to_owned();
        config.meta.pages.push(PageSeed {
            id,
            name: "Northwind Uptown".into(),
            token: "EAAPAGETOKEN2".into(),
            subscribed: false,
            instagram,
        });
    })
    .await;
    let page = house.connects("facebook").await;
    assert!(page.text.contains("Northwind Uptown") && page.text.contains("104500000000001"), "{}", page.text);
    assert!(house.channels().await.is_empty(), "nothing before the choice");
    let choice =
        page.text.split("name=\"choice\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a choice");
    let form = format!("choice={choice}&account=104500000000002");
    let done = house.web.submit(&house.admin, axum::http::Method::POST, "/auth/callback/facebook/choose", &form).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let channels = house.channels().await;
    assert_eq!((channels.len(), &channels[0]["platform_account_id"]), (1, &json!("104500000000002")));
    let again = house.web.submit(&house.admin, axum::http::Method::POST, "/auth/callback/facebook/choose", &form).await;
    assert_eq!(again.status, 400, "a choice is made once");
}

#[tokio::test]
async fn a_browser_is_sent_out_without_a_program() {
    let house = House::new().await;
    let out = house.web.browse(&house.admin, "/auth/connect/x").await;
    assert_eq!(out.status, 303, "{}", out.text);
    assert!(out.header("location").starts_with(house.world.x.base_url()), "{:?}", out.headers);
    assert_eq!(house.web.browse(&house.admin, "/auth/connect/telegraph").await.status, 404);
}
