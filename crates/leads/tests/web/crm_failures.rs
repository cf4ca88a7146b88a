//! HubSpot at its worst: limits, partial answers, lost answers, ended tokens.

use kernel::testing::until;
use standins::Fault;

use crate::support::House;

fn limit(name: &str) -> Fault {
    Fault::Error { name: name.into(), retry_after: None }
}

#[tokio::test]
async fn a_limit_waits_its_own_time_without_using_up_an_attempt() {
    let house = House::new().await;
    house.connect().await;
    house.hot("Mara Ellison").await;
    house.hubspot.fail(standins::Rule::always("POST *contacts/batch/upsert", limit("TEN_SECONDLY_ROLLING")));
    house.drain().await;
    house.hubspot.heal();
    assert_eq!(house.count("select count(*) from jobs where attempts = 0 and run_at between now() + interval '7 seconds' and now() + interval '11 seconds'").await, 1);
    assert!(house.hubspot.records("contacts").is_empty());
    assert_eq!(house.count("select count(*) from crm_links where attempts > 0").await, 0, "waiting is no failure");
    house.hurry().await;
    house.drain().await;
    assert_eq!(house.hubspot.records("contacts").len(), 1);
    assert_eq!(house.count("select count(*) from jobs").await, 0);
}

#[tokio::test]
async fn a_partial_answer_fails_only_the_lead_it_concerns() {
    let house = House::new().await;
    house.connect().await;
    let (_, mara) = house.hot("Mara Ellison").await;
    house.email(mara, "mara@example.com").await;
    let (broken, jonas) = house.hot("Jonas Peer").await;
    house.email(jonas, "not an address").await;
    house.drain().await;
    assert_eq!(house.hubspot.records("contacts").len(), 1);
    assert_eq!(
        house.count("select count(*) from dead_letters where kind = 'crm.sync'").await,
        1,
        "what can never succeed is set aside"
    );
    let failed = house.text("select payload ->> 'code' from events where kind = 'crm.failed'").await;
    assert_eq!(failed, "invalid");
    assert_eq!(house.count("select count(*) from events where kind = 'crm.synced'").await, 1);
    let status = house.web.get(&house.agent(), "/v2/crm/sync/status").await.json();
    assert_eq!((status["synced"].as_i64(), status["failed"].as_i64()), (Some(1), Some(1)), "{status} {broken}");
}

#[tokio::test]
async fn a_lost_answer_makes_no_double() {
    let house = House::new().await;
    house.connect().await;
    house.hot("Mara Ellison").await;
    for endpoint in ["POST *contacts/batch/upsert", "POST *deals/batch/upsert", "POST *associate/default"] {
        for _ in 0..3 {
            house.fails(endpoint, Fault::LoseAnswer);
        }
    }
    house.fails("POST *notes/batch/create", Fault::LoseAnswer);
    let running = house.work().await;
    until("the lead to be written", || async {
        house.hurry().await;
        (house.count("select count(*) from crm_links where synced_at is not null").await == 1).then_some(())
    })
    .await;
    running.drain(std::time::Duration::from_secs(5)).await;
    assert_eq!(
        (
            house.hubspot.records("contacts").len(),
            house.hubspot.records("deals").len(),
            house.hubspot.records("notes").len()
        ),
        (1, 1, 1)
    );
    assert!(house.text("select last_error from crm_links").await.contains("not written twice"));
    house.hurry().await;
    house.drain().await;
    assert_eq!(house.hubspot.records("notes").len(), 1, "a note whose answer was lost is not written again");
}

#[tokio::test]
async fn a_refused_note_is_tried_again() {
    let house = House::new().await;
    house.connect().await;
    house.hot("Mara Ellison").await;
    house.fails("POST *notes/batch/create", limit("SECONDLY"));
    house.drain().await;
    house.hurry().await;
    house.drain().await;
    assert_eq!(house.hubspot.records("notes").len(), 1);
    assert_eq!(house.count("select count(*) from crm_links where remote_note_id is not null").await, 1);
}

#[tokio::test]
async fn an_ended_token_asks_a_person_once_and_nothing_is_lost() {
    let house = House::new().await;
    house.connect().await;
    house.hot("Mara Ellison").await;
    house.hubspot.fail(standins::Rule::always("POST *contacts/*", Fault::Status { status: 401, retry_after: None }));
    house.drain().await;
    assert_eq!(house.text("select status from crm_connections").await, "reauthorise");
    assert_eq!(house.text("select payload ->> 'code' from events where kind = 'crm.failed'").await, "reauthorise");
    house.hubspot.heal();
    house.connect().await;
    house.drain().await;
    assert_eq!(
        (house.text("select status from crm_connections").await.as_str(), house.hubspot.records("contacts").len()),
        ("connected", 1)
    );
}

#[tokio::test]
async fn a_contact_deleted_over_there_is_made_anew() {
    let house = House::new().await;
    house.connect().await;
    let (lead, _) = house.hot("Mara Ellison").await;
    house.drain().await;
    let id = house.hubspot.records("contacts")[0].id;
    house.hubspot.staff_deletes("contacts", id).expect("deleted");
    house.patch(&house.agent(), &format!("/v2/leads/{lead}/tag"), &serde_json::json!({"tag": "WARM"})).await;
    house.follow().await;
    house.drain().await;
    house.hurry().await;
    house.drain().await;
    let contacts = house.hubspot.records("contacts");
    assert_eq!(contacts.len(), 1);
    assert_ne!(contacts[0].id, id);
}
