//! WhatsApp templates as the platform has them.

use serde_json::json;
use shell::Role;
use standins::{Fault, Rule};

use crate::house::House;

const TEMPLATE: &str = r#"{"name":"reminder","language":"en","category":"UTILITY","components":[
    {"type":"HEADER","format":"TEXT","text":"Your visit"},{"type":"BODY","text":"Hi {{1}}, see you {{2}}."},
    {"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Yes"}]}]}"#;

async fn with_template() -> House {
    let house = House::new().await;
    let url = format!("{}/v25.0/102290000000001/message_templates", house.world.meta.base_url());
    let body: serde_json::Value = serde_json::from_str(TEMPLATE).expect("JSON");
    let made = house
        .core
        .kernel
        .http
        .post("meta", url)
        .bearer("EAASYSTEMTOKEN102290000000001")
        .json(&body)
        .send()
        .await
        .expect("an answer");
    assert!(made.status.is_success(), "{:?}", made.body);
    house
}

#[tokio::test]
async fn they_are_listed_for_whoever_may_look() {
    let house = Box::pin(with_template()).await;
    house.connects("whatsapp").await;
    let viewer = house.web.token(house.org, Role::Viewer);
    let answer = house.web.get(&viewer, &format!("/v2/channels/{}/templates", house.channel().await)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let list = answer.json();
    let reminder = list["data"]
        .as_array()
        .and_then(|list| list.iter().find(|one| one["name"] == "reminder"))
        .expect("the template");
    assert_eq!((&reminder["status"], &reminder["variables"]), (&json!("APPROVED"), &json!(["1", "2"])));
    assert_eq!((&reminder["header_format"], &reminder["buttons"][0]["type"]), (&json!("TEXT"), &json!("QUICK_REPLY")));
}

#[tokio::test]
async fn a_number_connected_with_a_token_learns_its_business_account() {
    let house = Box::pin(with_template()).await;
    let new = json!({ "type": "whatsapp", "name": "Desk", "platform_account_id": "106540000000002", "access_token": "EAASYSTEMTOKEN102290000000001" });
    assert_eq!(house.web.post(&house.admin, "/v2/channels", &new).await.status, 201);
    let path = format!("/v2/channels/{}/templates", house.channel().await);
    assert_eq!(house.web.get(&house.admin, &path).await.status, 200);
    assert_eq!(house.value::<String>("select parent_id from channels").await, "102290000000001");
    house
        .world
        .meta
        .fail(Rule::always("GET */message_templates", Fault::Error { name: "190".into(), retry_after: None }));
    let refused = house.web.get(&house.admin, &path).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
}

#[tokio::test]
async fn other_channels_have_none() {
    let house = House::new().await;
    house.connects("facebook").await;
    let answer = house.web.get(&house.admin, &format!("/v2/channels/{}/templates", house.channel().await)).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let stranger = house.web.token(house.web.org("Elsewhere").await, Role::Owner);
    assert_eq!(
        house.web.get(&stranger, &format!("/v2/channels/{}/templates", house.channel().await)).await.status,
        404
    );
}
