//! People who arrive elsewhere than in a conversation: one contact an address, one open lead, one activity and one task a story.

use ai::local::LeadSignal;
use kernel::channel::ChannelKind;
use leads::arrivals::{Arrival, Arrived, arrive};
use shell::Role;
use uuid::Uuid;

use crate::support::House;

fn arrival(from: u128, email: &str) -> Arrival<'_> {
    Arrival {
        from: Uuid::from_u128(from),
        channel: ChannelKind::Webchat,
        source: "site",
        name: "Dana Whitfield",
        email,
        phone: "+1 555 010 0199",
        company: "Northwind Dental",
        title: "Contact form: See it at work",
        body: "We lose half of the calls.",
        href: "/admin/inquiries/inquiry_1",
        meeting: None,
        value: Some((1_200_000, "EUR")),
        signals: &[LeadSignal::ProductInquiry],
        task: "Answer Dana Whitfield",
        due_at: None,
    }
}

async fn take(house: &House, arrival: &Arrival<'_>) -> Arrived {
    let vault = house.kernel().vault.of(house.org).await.expect("keys");
    let mut tx = house.kernel().db.begin(house.org).await.expect("a transaction");
    let arrived = arrive(&mut tx, &vault, arrival).await.expect("arrived");
    tx.commit().await.expect("committed");
    arrived
}

#[tokio::test]
async fn an_arrival_is_a_contact_a_lead_an_activity_and_a_task_and_again_it_is_the_same() {
    let house = House::new().await;
    let first = take(&house, &arrival(1, "dana@example.com")).await;
    assert_eq!(take(&house, &arrival(1, "dana@example.com")).await, first);
    for (query, count) in [
        ("select count(*) from contacts", 1),
        ("select count(*) from leads where value_minor = 1200000 and currency = 'EUR' and score > 0", 1),
        ("select count(*) from activities", 1),
        ("select count(*) from tasks where source = 'site'", 1),
        ("select count(*) from events where kind = 'lead.created'", 1),
    ] {
        assert_eq!(house.count(query).await, count, "{query}");
    }
    let token = house.web.token(house.org, Role::Agent);
    let contact = house.web.get(&token, &format!("/v2/contacts/{}", first.contact)).await.json();
    assert_eq!((&contact["name"], &contact["email"]), (&"Dana Whitfield".into(), &"dana@example.com".into()));
    assert_eq!(contact["company"], "Northwind Dental");
    assert_eq!(contact["lead_id"], first.lead.to_string());
}

#[tokio::test]
async fn the_same_address_is_the_same_person_and_the_same_open_lead() {
    let house = House::new().await;
    let mara = house.contact("Mara Ellison").await;
    house.email(mara, "mara@example.com").await;
    let first = take(&house, &arrival(1, "Mara@Example.com ")).await;
    let second = take(&house, &arrival(2, "mara@example.com")).await;
    assert_eq!((first.contact, second.contact), (mara, mara));
    assert_eq!(first.lead, second.lead);
    assert_ne!(first.task, second.task);
    assert_eq!(house.count("select count(*) from activities").await, 2);
    let token = house.web.token(house.org, Role::Agent);
    let contact = house.web.get(&token, &format!("/v2/contacts/{mara}")).await.json();
    assert_eq!(contact["name"], "Mara Ellison", "what is known stays");
    assert!(contact["phone"].is_null(), "a form does not say where a known person is called: {contact}");
}

#[tokio::test]
async fn two_who_come_at_once_under_one_address_are_one_contact() {
    let house = House::new().await;
    let (one, two) = (arrival(1, "dana@example.com"), arrival(2, "dana@example.com"));
    let (first, second) = tokio::join!(take(&house, &one), take(&house, &two));
    assert_eq!((first.contact, first.lead), (second.contact, second.lead));
    assert_eq!(house.count("select count(*) from contacts").await, 1);
}

#[tokio::test]
async fn a_story_that_changed_takes_the_place_of_the_one_before() {
    let house = House::new().await;
    let at = |text: &str| -> chrono::DateTime<chrono::Utc> { text.parse().expect("an instant") };
    let meeting = Some((at("2026-12-01T10:00:00Z"), at("2026-12-01T10:30:00Z")));
    let before = Arrival { meeting, title: "Consultation on Tuesday", ..arrival(1, "dana@example.com") };
    let first = take(&house, &before).await;
    let moved = Some((at("2026-12-02T10:00:00Z"), at("2026-12-02T10:30:00Z")));
    let after = Arrival { meeting: moved, title: "Consultation on Wednesday", task: "Prepare Wednesday", ..before };
    assert_eq!(take(&house, &after).await, first);
    let token = house.web.token(house.org, Role::Agent);
    let meetings = house.web.get(&token, &format!("/v2/leads/{}/meetings", first.lead)).await.json();
    assert_eq!(meetings["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(meetings["data"][0]["title"], "Consultation on Wednesday");
    assert_eq!(meetings["data"][0]["starts_at"], "2026-12-02T10:00:00Z");
    assert_eq!(house.count("select count(*) from tasks where title = 'Prepare Wednesday'").await, 1);
    let task = first.task.expect("a task");
    let done = house
        .web
        .call(&token, axum::http::Method::PATCH, &format!("/v2/tasks/{task}"), Some(&serde_json::json!({"done": true})))
        .await;
    assert_eq!(done.status, 200, "{}", done.text);
    take(&house, &after).await;
    assert_eq!(house.count("select count(*) from tasks").await, 1, "what is done is not asked again");
}
