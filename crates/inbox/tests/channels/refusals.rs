//! What does not connect, and what the member is told.

use chrono::TimeDelta;
use serde_json::json;
use shell::Role;
use standins::{Fault, Rule};

use crate::house::House;

#[tokio::test]
async fn a_state_is_good_once_for_ten_minutes_and_for_who_began_it() {
    let house = House::new().await;
    let back = house.consents(&house.consent_url(&house.admin, "facebook").await).await;
    let colleague = house.web.token(house.org, Role::Admin);
    let stranger = house.web.token(house.web.org("Elsewhere").await, Role::Owner);
    assert_eq!(house.web.browse(&stranger, &back).await.status, 400, "another organisation");
    assert_eq!(house.web.browse(&colleague, &back).await.status, 400, "another member");
    assert_eq!(house.web.browse(&house.admin, &back).await.status, 400, "burnt by the attempt");

    let back = house.consents(&house.consent_url(&house.admin, "facebook").await).await;
    let elsewhere = back.replace("/facebook?", "/instagram?");
    assert_eq!(house.web.browse(&house.admin, &elsewhere).await.status, 400, "another kind");
    house.core.kernel.clock.advance(TimeDelta::minutes(11));
    let late = house.web.browse(&house.admin, &back).await;
    assert!(
        late.status == 400 && late.text.contains("ten") && late.text.contains("/auth/connect/facebook"),
        "{}",
        late.text
    );
    assert!(house.channels().await.is_empty());
}

#[tokio::test]
async fn nobody_signed_in_is_asked_to_sign_in_and_comes_back() {
    let house = House::new().await;
    let back = house.consents(&house.consent_url(&house.admin, "facebook").await).await;
    let request = axum::http::Request::get(&back)
        .header("accept", "text/html")
        .body(axum::body::Body::empty())
        .expect("a request");
    let answer = house.web.send(request).await;
    assert!(answer.header("location").starts_with("/sign-in?next="), "{} {:?}", answer.status, answer.headers);
    assert_eq!(house.web.browse(&house.admin, &back).await.status, 200, "the state is still good");
}

#[tokio::test]
async fn a_refused_consent_is_said_plainly() {
    let house = House::new().await;
    let state = House::state_of(&house.consent_url(&house.admin, "facebook").await);
    let told = format!(
        "/auth/callback/facebook?error=access_denied&error_reason=user_denied&error_description=Permissions+error&state={state}"
    );
    let page = house.web.browse(&house.admin, &told).await;
    assert!(page.status == 200 && page.text.contains("did not give Facebook your consent"), "{}", page.text);
    let state = House::state_of(&house.consent_url(&house.admin, "x").await);
    let page = house.web.browse(&house.admin, &format!("/auth/callback/x?error=%3Cb%3Eodd&state={state}")).await;
    assert!(page.text.contains("ended the consent") && !page.text.contains("<b>odd"), "{}", page.text);
    let forged = house.web.browse(&house.admin, "/auth/callback/x?error=access_denied&state=forged").await;
    assert_eq!(forged.status, 400);
}

#[tokio::test]
async fn a_code_that_is_not_taken_connects_nothing() {
    let house = House::new().await;
    let state = House::state_of(&house.consent_url(&house.admin, "facebook").await);
    let page = house.web.browse(&house.admin, &format!("/auth/callback/facebook?code=made-up&state={state}")).await;
    assert!(page.status == 400 && page.text.contains("did not accept the consent"), "{} {}", page.status, page.text);
    let back = house.consents(&house.consent_url(&house.admin, "x").await).await;
    house.world.x.fail(Rule::always("POST /2/oauth2/token", Fault::Close));
    assert_eq!(house.web.browse(&house.admin, &back).await.status, 502);
    assert!(house.channels().await.is_empty());
}

#[tokio::test]
async fn an_account_without_events_says_so_and_is_subscribed_later() {
    let house = House::new().await;
    house
        .world
        .meta
        .fail(Rule::always("POST */subscribed_apps", Fault::Error { name: "200".into(), retry_after: None }));
    let page = house.connects("facebook").await;
    assert!(page.status == 200 && page.text.contains("messages do not arrive yet"), "{}", page.text);
    let id = house.channel().await;
    let status = house.web.get(&house.admin, &format!("/v2/channels/{id}/status")).await.json();
    assert!(status["last_error"].as_str().is_some_and(|text| text.contains("do not reach us")), "{status}");
    house.world.meta.heal();
    let again = house.web.post(&house.admin, &format!("/v2/channels/{id}/subscribe"), &json!({})).await;
    assert_eq!(again.status, 204, "{}", again.text);
    assert!(house.value::<bool>("select subscribed and last_error is null from channels").await);
}

#[tokio::test]
async fn only_who_manages_channels_connects_them() {
    let house = House::new().await;
    let agent = house.web.token(house.org, Role::Agent);
    assert_eq!(house.web.post(&agent, "/v2/channels/connect", &json!({ "type": "x" })).await.status, 403);
    let odd = house.web.post(&house.admin, "/v2/channels/connect", &json!({ "type": "email" })).await;
    assert_eq!(odd.status, 422, "{}", odd.text);
}
