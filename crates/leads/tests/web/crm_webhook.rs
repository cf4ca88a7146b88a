//! What people change in HubSpot comes back, once, and only when it is newer.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use standins::sign;

use crate::support::House;

async fn deliver(house: &House, event: &Value, secret: &str, age_ms: i64) -> u16 {
    let body = json!([event]).to_string();
    let now = house.kernel().clock.now().timestamp_millis() - age_ms;
    let url = "http://127.0.0.1:8080/webhooks/hubspot";
    let request = Request::post("/webhooks/hubspot")
        .header("content-type", "application/json")
        .header("x-hubspot-request-timestamp", now.to_string())
        .header("x-hubspot-signature-v3", sign::hubspot(secret, "POST", url, body.as_bytes(), now));
    house.web.send(request.body(Body::from(body)).expect("a request")).await.status
}

fn change(house: &House, contact: u64, status: &str, later_ms: i64) -> Value {
    json!({
        "eventId": 1, "subscriptionId": 25, "portalId": 33_000_001, "appId": 1_160_452, "attemptNumber": 0, "objectId": contact,
        "occurredAt": house.kernel().clock.now().timestamp_millis() + later_ms, "subscriptionType": "contact.propertyChange",
        "propertyName": "hs_lead_status", "propertyValue": status, "changeSource": "CRM_UI", "sourceId": "userId:1",
    })
}

const SECRET: &str = "standin-hubspot-secret";

#[tokio::test]
async fn a_newer_status_becomes_the_tag_and_an_older_one_does_not() {
    let house = House::new().await;
    house.connect().await;
    let (lead, _) = house.hot("Mara Ellison").await;
    house.drain().await;
    let contact = house.hubspot.records("contacts")[0].id;
    let tag = || house.text("select tag || ' ' || tag_by from leads");
    assert_eq!(deliver(&house, &change(&house, contact, "OPEN", -3_600_000), SECRET, 0).await, 204);
    assert_eq!(tag().await, "HOT rules", "ours is newer");
    let own = change(&house, contact, "OPEN_DEAL", 1000);
    assert_eq!(deliver(&house, &own, SECRET, 0).await, 204);
    assert_eq!(tag().await, "HOT rules", "our own write is no change");
    let newer = change(&house, contact, "OPEN", 1000);
    assert_eq!(deliver(&house, &newer, SECRET, 0).await, 204);
    assert_eq!(tag().await, "COLD hubspot");
    assert_eq!(deliver(&house, &newer, SECRET, 0).await, 204);
    assert_eq!(
        house.count("select count(*) from events where kind = 'lead.tagged'").await,
        1,
        "a repeat changes nothing"
    );
    house.follow().await;
    house.drain().await;
    assert_eq!(
        house.hubspot.records("contacts")[0].properties["hs_lead_status"],
        "OPEN",
        "and it stays there, lead {lead}"
    );
    assert_eq!(house.count("select count(*) from leads where id is not null and tag = 'COLD'").await, 1, "{lead}");
}

#[tokio::test]
async fn only_hubspot_itself_is_believed() {
    let house = House::new().await;
    house.connect().await;
    house.hot("Mara Ellison").await;
    house.drain().await;
    let event = change(&house, house.hubspot.records("contacts")[0].id, "OPEN", 1000);
    assert_eq!(deliver(&house, &event, "another-secret", 0).await, 401);
    assert_eq!(deliver(&house, &event, SECRET, 301_000).await, 401, "a replay");
    let unsigned = Request::post("/webhooks/hubspot").body(Body::from("[]")).expect("a request");
    assert_eq!(house.web.send(unsigned).await.status, 401);
    assert_eq!(house.text("select tag from leads").await, "HOT");
    let mut foreign = event.clone();
    foreign["portalId"] = json!(1);
    assert_eq!(deliver(&house, &foreign, SECRET, 0).await, 204);
    assert_eq!(house.text("select tag from leads").await, "HOT", "another account's contact is not ours");
}
