//! What other programs post, and what is refused of it.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use shell::testing::Answer;

use super::support::House;

async fn send(house: &House, address: &str, body: &str, signature: Option<&str>) -> Answer {
    let path = &address[address.find("/webhooks").expect("a path")..];
    let request = Request::post(path);
    let request = signature.into_iter().fold(request, |request, signature| request.header("x-signature", signature));
    house.web.send(request.body(Body::from(body.to_owned())).expect("a valid request")).await
}

fn item(id: &str) -> Value {
    json!({"external_id": id, "at": "2026-05-01T10:00:00Z", "kind": "payment", "value": {"amount": 12.5, "currency": "EUR"}})
}

#[tokio::test]
async fn what_is_posted_is_a_signal_at_once_and_twice_is_once() {
    let house = House::new().await;
    let made = house.connect(&json!({"kind": "webhook"})).await;
    let address = made["door"].as_str().expect("an address");
    for expected in [json!({"new": 2, "unchanged": 0}), json!({"new": 0, "unchanged": 2})] {
        let answer = send(&house, address, &json!([item("a"), item("b")]).to_string(), None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!((&answer.json()["new"], &answer.json()["unchanged"]), (&expected["new"], &expected["unchanged"]));
    }
    assert_eq!(send(&house, "/webhooks/intake/unknown", "{}", None).await.status, 404);
    let shown = house.get(&format!("/v2/ingestion/connections/{}", made["id"].as_str().expect("an id"))).await;
    assert_eq!(shown.json()["door"], Value::Null, "the address is shown once");
}

#[tokio::test]
async fn a_schema_that_rejects_everything_keeps_everything_with_its_reason() {
    let house = House::new().await;
    let made = house.connect(&json!({"kind": "webhook", "settings": {"schema": {"not": {}}}})).await;
    let address = made["door"].as_str().expect("an address");
    let refused = send(&house, address, &item("a").to_string(), None).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(send(&house, address, "not json", None).await.status, 422);
    let id = made["id"].as_str().expect("an id");
    let kept = house.get(&format!("/v2/ingestion/connections/{id}/refused")).await.json();
    assert_eq!(kept["data"].as_array().expect("a list").len(), 2, "{kept}");
    assert!(kept["data"][1]["reason"].as_str().expect("a reason").contains("schema"), "{kept}");
    assert!(kept["data"][1]["body"].as_str().expect("a body").contains("external_id"));
    assert_eq!(house.count("select count(*) from signals").await, 0);
}

#[tokio::test]
async fn records_that_do_not_fit_are_answered_and_kept_while_the_others_land() {
    let house = House::new().await;
    let settings = json!({"records": "$.rows[*]", "recipe": {"fields": {
        "external_id": {"path": "$.no"}, "at": {"path": "$.when"}, "kind": {"value": "visit"},
    }}});
    let made = house.connect(&json!({"kind": "webhook", "settings": settings})).await;
    let body = json!({"rows": [{"no": 1, "when": "2026-05-01"}, {"no": 2, "when": "1970-01-01"}]});
    let answer = send(&house, made["door"].as_str().expect("an address"), &body.to_string(), None).await;
    assert_eq!((answer.status, &answer.json()["new"]), (422, &json!(1)), "{}", answer.text);
    assert_eq!(answer.json()["rejected"][0]["field"], "at");
    assert_eq!(house.count("select count(*) from intake_refusals").await, 1);
}

#[tokio::test]
async fn a_secret_demands_a_signature() {
    let house = House::new().await;
    let made = house.connect(&json!({"kind": "webhook", "secrets": {"secret": "hush"}})).await;
    let (address, body) = (made["door"].as_str().expect("an address"), item("a").to_string());
    assert_eq!(send(&house, address, &body, None).await.status, 401);
    assert_eq!(send(&house, address, &body, Some("sha256=00")).await.status, 401);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"hush");
    let signature = format!("sha256={}", hex::encode(ring::hmac::sign(&key, body.as_bytes())));
    assert_eq!(send(&house, address, &body, Some(&signature)).await.status, 200);
    let stored: Vec<u8> = sqlx::query_scalar("select sealed from connections")
        .fetch_one(&mut house.web.db.owner().await)
        .await
        .expect("sealed");
    assert!(!String::from_utf8_lossy(&stored).contains("hush"));
}

#[tokio::test]
async fn settings_that_do_not_compile_are_refused_field_by_field() {
    let house = House::new().await;
    let body = json!({"kind": "webhook", "settings": {"schema": {"type": "nonsense"}, "records": "$[", "recipe": {"fields": {"at": {"path": "$.at"}}}}});
    let refused = house.post("/v2/ingestion/connections", &body).await;
    assert_eq!(refused.status, 422);
    for field in ["settings.schema", "settings.records", "settings.recipe.fields.external_id"] {
        assert!(refused.text.contains(field), "{field}: {}", refused.text);
    }
}

#[tokio::test]
async fn what_no_text_column_holds_is_refused_and_kept() {
    let house = House::new().await;
    let made = house.connect(&json!({"kind": "webhook"})).await;
    let mut odd = item("a");
    odd["kind"] = "pay\u{0}ment".into();
    let refused = send(&house, made["door"].as_str().expect("an address"), &odd.to_string(), None).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(house.count("select count(*) from intake_refusals where reason like 'kind %'").await, 1);
}
