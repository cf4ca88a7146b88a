//! WhatsApp templates as the platform has them.

use axum::http::Method;
use kernel::ids::ConversationId;
use kernel::queue::{Handlers, Lane, run_waiting};
use serde_json::json;
use shell::Role;
use standins::{Fault, Platform, Rule};

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

/// A conversation on the connected number whose free text is over since yesterday.
async fn with_closed_window(house: &House) -> ConversationId {
    house
        .arrange(
            "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, last_message_at, window_from) \
             select org_id, gen_random_uuid(), id, 'whatsapp', gen_random_uuid(), '15551230001', now(), now() - interval '2 days' \
             from channels",
        )
        .await;
    ConversationId::from_uuid(house.value("select id from conversations").await)
}

#[tokio::test]
async fn one_is_filled_in_at_the_desk_and_arrives_where_free_text_may_not() {
    let house = Box::pin(with_template()).await;
    house.connects("whatsapp").await;
    let id = with_closed_window(&house).await;
    let agent = house.web.token(house.org, Role::Agent);
    let pen = house.web.browse(&agent, &format!("/inbox/{id}/pen")).await;
    assert!(pen.text.contains(&format!("/inbox/{id}/templates")), "{}", pen.text);
    let drawer = house.web.browse(&agent, &format!("/inbox/{id}/templates")).await;
    for shown in ["Hi {{1}}, see you {{2}}.", "Your visit", "value=\"reminder\"", "Yes"] {
        assert!(drawer.text.contains(shown), "{shown}: {}", drawer.text);
    }
    let path = format!("/inbox/{id}/templates");
    let form = "name=reminder&language=en&value=Mara&value=on+Friday";
    let sent = house.web.submit(&agent, Method::POST, &path, form).await;
    assert!(sent.status == 200 || sent.status == 303, "{} {}", sent.status, sent.text);
    let mut handlers = Handlers::default();
    inbox::handlers(&house.core, &mut handlers);
    run_waiting(&house.core.kernel.db, &handlers, Lane::Outbound).await.expect("the lane runs");
    assert_eq!(house.value::<String>("select state from messages").await, "sent");
    assert_eq!(
        house.value::<String>("select body from messages").await,
        "Your visit\n\nHi Mara, see you on Friday.",
        "what the contact reads is what is kept"
    );
    let arrived = house.world.thread(Platform::WhatsApp, "106540000000002", "15551230001");
    assert_eq!(arrived.len(), 1, "{arrived:?}");
}

#[tokio::test]
async fn a_gap_left_open_or_a_template_that_is_gone_sends_nothing() {
    let house = Box::pin(with_template()).await;
    house.connects("whatsapp").await;
    let id = with_closed_window(&house).await;
    let agent = house.web.token(house.org, Role::Agent);
    let path = format!("/inbox/{id}/templates");
    for form in [
        "name=reminder&language=en&value=Mara&value=",
        "name=reminder&language=en&value=Mara",
        "name=reminder&language=de&value=Mara&value=x",
        "name=reminder&language=en&value=Mara&value=two%0Alines",
    ] {
        let refused = house.web.submit(&agent, Method::POST, &path, form).await;
        assert_eq!(refused.status, 422, "{form}: {}", refused.text);
    }
    assert_eq!(house.value::<i64>("select count(*) from messages").await, 0);
    let viewer = house.web.token(house.org, Role::Viewer);
    assert_eq!(house.web.browse(&viewer, &path).await.status, 403);
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
