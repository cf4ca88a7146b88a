//! An erased contact is forgotten by the CRM too, or it is known that it was not.

use kernel::ids::ContactId;
use kernel::privacy::{Holder, Outside, Traces};
use leads::privacy::People;
use standins::{Fault, Rule};
use uuid::Uuid;

use crate::support::House;

/// Erases a contact from this room, as the identity room does; gives the request's id.
async fn erase(house: &House, contact: ContactId) -> Uuid {
    let erasure = Uuid::from_u128(contact.uuid().as_u128() ^ 1);
    let people = People::new(house.kernel().clone());
    let mut tx = house.kernel().db.begin(house.org).await.expect("a transaction");
    tx.see_hidden().await.expect("seen");
    let mut traces = Traces::of(contact);
    people.gather(&mut tx, &mut traces).await.expect("gathered");
    people.hide(&mut tx, &traces).await.expect("hidden");
    people.erase(&mut tx, &traces, erasure).await.expect("erased");
    tx.commit().await.expect("committed");
    erasure
}

async fn outside(house: &House, erasure: Uuid) -> Vec<Outside> {
    let people = People::new(house.kernel().clone());
    let mut tx = house.kernel().db.begin(house.org).await.expect("a transaction");
    people.outside(&mut tx, erasure).await.expect("read")
}

fn answered(outcome: &str) -> Vec<Outside> {
    vec![Outside { system: "hubspot".to_owned(), outcome: outcome.to_owned(), records: 3 }]
}

#[tokio::test]
async fn the_contact_its_deal_and_its_note_go_and_the_others_stay() {
    let house = House::new().await;
    house.connect().await;
    let (_, mara) = house.hot("Mara Ellison").await;
    house.hot("Jonas Peer").await;
    house.drain().await;
    assert_eq!((house.hubspot.records("contacts").len(), house.hubspot.records("deals").len()), (2, 2));
    let erasure = erase(&house, mara).await;
    assert_eq!(outside(&house, erasure).await, answered("waiting"));
    house.drain().await;
    assert_eq!(outside(&house, erasure).await, answered("done"));
    for kind in ["contacts", "deals", "notes"] {
        let left = house.hubspot.records(kind);
        assert_eq!(left.len(), 1, "{kind}: {left:?}");
        assert!(!format!("{left:?}").contains("Mara"), "{kind}");
    }
    assert_eq!(house.count("select count(*) from crm_erasures where remote is not null").await, 0, "its ids are gone");
    assert_eq!(house.count("select count(*) from contacts").await, 1);
}

#[tokio::test]
async fn a_refusal_is_kept_with_its_ids_and_a_dead_letter_tried_again_mends_it() {
    let house = House::new().await;
    house.connect().await;
    let (_, mara) = house.hot("Mara Ellison").await;
    house.drain().await;
    house.hubspot.fail(Rule::always("POST *contacts/gdpr-delete", Fault::Status { status: 403, retry_after: None }));
    let erasure = erase(&house, mara).await;
    house.drain().await;
    assert_eq!(outside(&house, erasure).await, answered("failed"));
    assert_eq!(house.count("select count(*) from dead_letters where kind = 'crm.forget'").await, 1);
    let shown = house.text("select string_agg(payload::text || error, ' ') from dead_letters").await;
    assert!(!shown.contains("Mara"), "{shown}");
    house.hubspot.heal();
    let dead = house.text("select id::text from dead_letters").await;
    let id = kernel::ids::JobId::from_uuid(dead.parse().expect("an id"));
    let mut tx = house.kernel().db.begin(house.org).await.expect("a transaction");
    assert!(kernel::queue::retry_dead(&mut tx, id).await.expect("revived"));
    tx.commit().await.expect("committed");
    house.drain().await;
    assert_eq!(outside(&house, erasure).await, answered("done"));
    assert!(house.hubspot.records("contacts").is_empty());
    assert_eq!(house.count("select count(*) from crm_erasures where remote is not null").await, 0);
}

#[tokio::test]
async fn a_contact_the_crm_does_not_have_leaves_nothing_to_ask() {
    let house = House::new().await;
    let (_, mara) = house.hot("Mara Ellison").await;
    let erasure = erase(&house, mara).await;
    assert_eq!(outside(&house, erasure).await, Vec::new());
    assert_eq!(house.count("select count(*) from leads").await, 0);
    // What the ledger still tells of her makes no lead any more.
    house.follow().await;
    assert_eq!(house.count("select count(*) from leads").await, 0);
}
