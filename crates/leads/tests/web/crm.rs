//! HubSpot: connected, written to, left alone when nothing changed.

use serde_json::json;
use shell::Role;

use crate::support::{House, TOKEN};

#[tokio::test]
async fn an_account_is_connected_with_a_token_that_works() {
    let house = House::new().await;
    let put = |token: String, body: serde_json::Value| {
        let house = &house;
        async move { house.web.call(&token, "PUT".parse().expect("a method"), "/v2/crm/hubspot", Some(&body)).await }
    };
    assert_eq!(put(house.agent(), json!({"access_token": TOKEN})).await.status, 403);
    assert_eq!(put(house.admin(), json!({})).await.status, 422, "a token is needed first");
    let wrong = put(house.admin(), json!({"access_token": "wrong"})).await;
    assert_eq!(
        (wrong.status, wrong.json()["error"]["details"][0]["field"].as_str()),
        (422, Some("access_token")),
        "{}",
        wrong.text
    );
    let made = put(house.admin(), json!({"access_token": TOKEN})).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(
        made.json()["mapping"]["lead_status"],
        json!({"HOT": "OPEN_DEAL", "WARM": "IN_PROGRESS", "COLD": "OPEN"})
    );
    assert_eq!(made.json()["account_id"], "33000001");
    assert!(!made.text.contains(TOKEN), "a token never comes back");
    assert_eq!(
        house.count("select count(*) from crm_connections where position('pat-na1'::bytea in access_token) > 0").await,
        0,
        "it rests sealed"
    );
    let mapped = put(house.admin(), json!({"lead_status": {"HOT": "CONNECTED"}})).await;
    assert_eq!(mapped.json()["mapping"]["lead_status"], json!({"HOT": "CONNECTED"}));
    assert_eq!(put(house.admin(), json!({"lead_status": {"HOT": "NO_SUCH"}})).await.status, 422);
    let theirs = house.web.org("Theirs").await;
    assert_eq!(house.web.get(&house.web.token(theirs, Role::Owner), "/v2/crm/hubspot").await.status, 404);
    let gone = house.web.call(&house.admin(), "DELETE".parse().unwrap(), "/v2/crm/hubspot", None).await;
    assert_eq!(gone.status, 204);
    assert_eq!(house.web.get(&house.admin(), "/v2/crm/hubspot").await.json()["status"], "disconnected");
    assert_eq!(house.text("select status || length(access_token) from crm_connections").await, "disconnected0");
}

#[tokio::test]
async fn a_hot_lead_becomes_a_contact_a_note_and_a_deal_once() {
    let house = House::new().await;
    house.connect().await;
    let (lead, contact) = house.hot("Mara Ellison").await;
    house.email(contact, "mara@example.com").await;
    let (other, _) = house.hot("Jonas Peer").await;
    house.drain().await;
    let contacts = house.hubspot.records("contacts");
    assert_eq!(contacts.len(), 2);
    let mara = contacts
        .iter()
        .find(|record| record.properties.get("email").is_some_and(|email| email == "mara@example.com"))
        .expect("Mara");
    assert_eq!(
        (mara.properties["firstname"].as_str(), mara.properties["hs_lead_status"].as_str()),
        ("Mara", "OPEN_DEAL")
    );
    let deals = house.hubspot.records("deals");
    assert_eq!(deals.len(), 2);
    let name =
        &deals.iter().find(|deal| deal.properties["recoup_lead_id"] == lead.to_string()).expect("her deal").properties
            ["dealname"];
    assert!(name.starts_with("Mara Ellison – whitening – 20"), "{name}");
    let notes = house.hubspot.records("notes");
    assert_eq!(notes.len(), 2);
    assert!(notes.iter().any(|note| note.properties["hs_note_body"].contains("Asks about the price")), "{notes:?}");
    let lines = house.hubspot.associations();
    assert!(lines.iter().any(|line| line.from == "notes" && line.to == "contacts" && line.to_id == mara.id));
    assert!(lines.iter().any(|line| line.from == "deals" && line.to == "contacts" && line.to_id == mara.id));

    let before = house.hubspot.requests().len();
    for id in [lead, other] {
        let mut tx = house.kernel().db.begin(house.org).await.unwrap();
        tx.append(kernel::ledger::Event::new(
            kernel::ledger::Subject::Lead(id),
            kernel::ledger::Actor::System,
            kernel::ledger::Fact::LeadStage { lead: id, contact, from: "new".into(), to: "new".into() },
        ));
        tx.commit().await.unwrap();
    }
    house.follow().await;
    house.drain().await;
    assert_eq!(house.hubspot.requests().len(), before, "what did not change is not written");
    assert_eq!(house.web.post(&house.agent(), &format!("/v2/crm/sync/{lead}"), &json!({})).await.status, 202);
    house.drain().await;
    assert!(house.hubspot.requests().len() > before, "unless a person asks for it");
    assert_eq!(
        (
            house.hubspot.records("contacts").len(),
            house.hubspot.records("deals").len(),
            house.hubspot.records("notes").len()
        ),
        (2, 2, 2)
    );
    let status = house.web.get(&house.agent(), "/v2/crm/sync/status").await.json();
    assert_eq!(
        (&status["leads"], &status["synced"], &status["failed"], &status["status"]),
        (&json!(2), &json!(2), &json!(0), &json!("connected"))
    );
}

#[tokio::test]
async fn twelve_leads_go_in_batches_and_a_change_is_written_to_the_same_records() {
    let house = House::new().await;
    let mut leads = Vec::new();
    for n in 0..12 {
        leads.push(house.hot(&format!("Person {n}")).await.0);
    }
    house.connect().await;
    house.drain().await;
    assert_eq!(house.hubspot.records("contacts").len(), 12);
    let upserts =
        house.hubspot.requests().iter().filter(|request| request.path.ends_with("contacts/batch/upsert")).count();
    assert!(upserts < 12, "{upserts} calls for 12 leads");
    let cold = house.patch(&house.agent(), &format!("/v2/leads/{}/tag", leads[0]), &json!({"tag": "COLD"})).await;
    assert_eq!(cold.status, 200);
    house.follow().await;
    house.drain().await;
    let statuses: Vec<String> =
        house.hubspot.records("contacts").iter().map(|record| record.properties["hs_lead_status"].clone()).collect();
    assert_eq!(statuses.iter().filter(|status| *status == "OPEN").count(), 1, "{statuses:?}");
    assert_eq!(
        (
            house.hubspot.records("contacts").len(),
            house.hubspot.records("deals").len(),
            house.hubspot.records("notes").len()
        ),
        (12, 12, 12)
    );
}

#[tokio::test]
async fn a_sync_by_hand_needs_a_connection_and_a_lead_of_ours() {
    let house = House::new().await;
    let (lead, _) = house.hot("Mara Ellison").await;
    let path = format!("/v2/crm/sync/{lead}");
    assert_eq!(house.web.post(&house.agent(), &path, &json!({})).await.status, 409);
    assert_eq!(house.web.get(&house.agent(), "/v2/crm/sync/status").await.json()["status"], "disconnected");
    let theirs = house.web.org("Theirs").await;
    assert_eq!(house.web.post(&house.web.token(theirs, Role::Owner), &path, &json!({})).await.status, 404);
    assert_eq!(house.web.post(&house.web.token(house.org, Role::Viewer), &path, &json!({})).await.status, 403);
}
