//! Activities and meetings.

use serde_json::json;

use crate::support::House;

#[tokio::test]
async fn what_was_done_is_written_down_and_meetings_are_planned() {
    let house = House::new().await;
    let token = house.agent();
    let (lead, _) = house.hot("Mara Ellison").await;
    let path = format!("/v2/leads/{lead}/activities");
    let call = house
        .web
        .post(&token, &path, &json!({"kind": "call", "title": "Called back", "body": "She asked about parking."}))
        .await;
    assert_eq!(call.status, 201, "{}", call.text);
    let meeting = json!({"kind": "meeting", "title": "Consultation", "starts_at": "2026-12-01T10:00:00Z", "ends_at": "2026-12-01T10:30:00Z"});
    assert_eq!(house.web.post(&token, &path, &meeting).await.status, 201);
    let wrong = [
        json!({"kind": "meeting", "title": "No times"}),
        json!({"kind": "meeting", "title": "Backwards", "starts_at": "2026-12-01T10:00:00Z", "ends_at": "2026-12-01T09:00:00Z"}),
        json!({"kind": "party", "title": "x"}),
        json!({"kind": "note", "title": "  "}),
    ];
    for body in &wrong {
        assert_eq!(house.web.post(&token, &path, body).await.status, 422, "{body}");
    }
    let all = house.web.get(&token, &path).await.json();
    let kinds: Vec<&str> = all["data"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["meeting", "call"]);
    let meetings = house.web.get(&token, &format!("/v2/leads/{lead}/meetings")).await.json();
    assert_eq!(
        (meetings["data"].as_array().unwrap().len(), &meetings["data"][0]["title"]),
        (1, &json!("Consultation"))
    );
    assert_eq!(house.count("select count(*) from events where kind = 'lead.activity'").await, 2);
}
