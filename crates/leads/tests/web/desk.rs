//! Lists, counts, stages, timelines, and who may.

use serde_json::json;
use shell::Role;

use crate::support::House;

#[tokio::test]
async fn leads_are_filtered_searched_and_paged() {
    let house = House::new().await;
    let token = house.agent();
    let (first, _) = house.hot("Mara Ellison").await;
    let (second, _) = house.hot("Jonas Peer").await;
    house.patch(&token, &format!("/v2/leads/{second}/tag"), &json!({"tag": "COLD"})).await;
    let ids = |answer: shell::testing::Answer| -> Vec<String> {
        let rows = answer.json()["data"].as_array().expect("rows").clone();
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(house.web.get(&token, "/v2/leads?tag=HOT").await), [first.to_string()]);
    assert_eq!(ids(house.web.get(&token, "/v2/leads?q=jonas%20peer").await), [second.to_string()]);
    assert!(ids(house.web.get(&token, "/v2/leads?stage=won").await).is_empty());
    let page = house.web.get(&token, "/v2/leads?limit=1").await;
    let cursor = page.json()["next_cursor"].as_str().expect("there is more").to_owned();
    let rest = house.web.get(&token, &format!("/v2/leads?limit=1&cursor={cursor}")).await;
    assert_eq!(ids(page), [second.to_string()], "the one that changed last comes first");
    assert_eq!(ids(rest), [first.to_string()]);
    for wrong in ["tag=HOTTER", "stage=nowhere", "nothing=1"] {
        assert_eq!(house.web.get(&token, &format!("/v2/leads?{wrong}")).await.status, 422, "{wrong}");
    }
    let stats = house.web.get(&token, "/v2/leads/stats").await.json();
    assert_eq!(
        (&stats["open"], &stats["by_tag"]["HOT"], &stats["by_tag"]["COLD"], &stats["by_tag"]["WARM"]),
        (&json!(2), &json!(1), &json!(1), &json!(0))
    );
    assert_eq!(
        (&stats["by_stage"]["new"], &stats["new_today"], &stats["new_7_days"]),
        (&json!(2), &json!(2), &json!(2))
    );
}

#[tokio::test]
async fn a_lead_moves_through_its_stages_and_closes() {
    let house = House::new().await;
    let token = house.agent();
    let (lead, contact) = house.hot("Mara Ellison").await;
    let path = format!("/v2/leads/{lead}/stage");
    let won = house.patch(&token, &path, &json!({"stage": "won"})).await;
    assert!(won.status == 200 && won.json()["closed_at"].is_string(), "{}", won.text);
    assert_eq!(house.patch(&token, &path, &json!({"stage": "married"})).await.status, 422);
    // The next wish of the same person is a new lead; the old one cannot open beside it.
    let conversation = kernel::ids::ConversationId::new(&house.kernel().clock);
    house.writes(contact, conversation, &["product_inquiry"], 5).await;
    house.follow().await;
    assert_eq!(house.count("select count(*) from leads where closed_at is null").await, 1);
    assert_eq!(house.patch(&token, &path, &json!({"stage": "new"})).await.status, 409);
    let story = house.web.get(&token, &format!("/v2/leads/{lead}/timeline")).await.json();
    let kinds: Vec<&str> =
        story["data"].as_array().expect("entries").iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    for kind in ["contact.created", "message.understood", "lead.created", "lead.scored", "lead.stage"] {
        assert!(kinds.contains(&kind), "{kind} is missing in {kinds:?}");
    }
    let ids: Vec<&str> = story["data"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first");
    let first = house.web.get(&token, &format!("/v2/leads/{lead}/timeline?limit=2")).await.json();
    let next = first["next_cursor"].as_str().expect("there is more");
    let rest = house.web.get(&token, &format!("/v2/leads/{lead}/timeline?cursor={next}")).await.json();
    assert_eq!(first["data"].as_array().unwrap().len() + rest["data"].as_array().unwrap().len(), ids.len());
}

#[tokio::test]
async fn another_organisation_sees_nothing_and_roles_are_kept() {
    let house = House::new().await;
    let (lead, contact) = house.hot("Mara Ellison").await;
    let theirs = house.web.org("Theirs").await;
    let (stranger, viewer) = (house.web.token(theirs, Role::Owner), house.web.token(house.org, Role::Viewer));
    let reads = [
        format!("/v2/leads/{lead}"),
        format!("/v2/leads/{lead}/timeline"),
        format!("/v2/leads/{lead}/activities"),
        format!("/v2/leads/{lead}/meetings"),
        format!("/v2/contacts/{contact}"),
    ];
    for path in &reads {
        assert_eq!(house.web.get(&stranger, path).await.status, 404, "{path}");
        assert_eq!(house.web.get("", path).await.status, 401, "{path}");
        assert_eq!(house.web.get(&viewer, path).await.status, 200, "{path}");
    }
    assert!(house.web.get(&stranger, "/v2/leads").await.json()["data"].as_array().unwrap().is_empty());
    assert_eq!(house.web.get(&stranger, "/v2/leads/stats").await.json()["open"], 0);
    let writes = [("tag", json!({"tag": "COLD"})), ("stage", json!({"stage": "won"}))];
    for (what, body) in &writes {
        let path = format!("/v2/leads/{lead}/{what}");
        assert_eq!(house.patch(&stranger, &path, body).await.status, 404, "{what}");
        assert_eq!(house.patch(&viewer, &path, body).await.status, 403, "{what}");
    }
    let note = json!({"kind": "note", "title": "Hello"});
    assert_eq!(house.web.post(&stranger, &format!("/v2/leads/{lead}/activities"), &note).await.status, 404);
    assert_eq!(house.web.post(&viewer, &format!("/v2/leads/{lead}/activities"), &note).await.status, 403);
}
