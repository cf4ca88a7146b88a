//! What is kept of a visitor is shown to them, hidden, given back and removed, spam under their address included.

use kernel::ids::ContactId;
use kernel::privacy::{Holder, Traces};
use site::privacy::Visitors;

use crate::support::World;

const WHO: [(&str, &str); 2] = [("name", "Dana Whitfield"), ("email", "dana@example.com")];

/// A contact with a booking, an inquiry, and one that was kept aside as spam.
async fn furnished() -> (World, ContactId) {
    let world = World::new().await;
    world.fill("/contact", "/contact", &[&WHO[..], &[("message", "We lose calls.")]].concat()).await;
    world.fill("/book", "/book", &[&WHO[..], &[("slot", "2026-11-30T10:00:00Z")]].concat()).await;
    world.work().await;
    let spam = [&WHO[..], &[("message", "Buy"), ("website", "x")]].concat();
    world.post_form("/contact", &spam).await;
    assert_eq!(world.count("select count(*) from site_inquiries where contact_id is null").await, 1);
    let id: uuid::Uuid =
        sqlx::query_scalar("select contact_id from site_inquiries where contact_id is not null limit 1")
            .fetch_one(&mut world.web.db.owner().await)
            .await
            .expect("a contact");
    // The leads room is not here: its row of the contact is.
    sqlx::query(
        "insert into contacts (org_id, id, email_index) select org_id, contact_id, email_index from site_inquiries \
         where contact_id is not null limit 1",
    )
    .execute(&mut world.web.db.owner().await)
    .await
    .expect("a row");
    (world, ContactId::from_uuid(id))
}

#[tokio::test]
async fn a_visitor_is_shown_everything_and_forgotten_with_everything() {
    let (world, contact) = furnished().await;
    let holder = Visitors::new(world.web.kernel.clone());
    let traces = Traces::of(contact);
    let mut tx = world.web.kernel.db.begin(world.org).await.expect("a transaction");
    tx.see_hidden().await.expect("it sees");
    holder.hide(&mut tx, &traces).await.expect("hidden");
    let sheets = holder.export(&mut tx, &traces).await.expect("an export");
    let rows = |name: &str| sheets.iter().find(|sheet| sheet.name == name).map(|sheet| sheet.rows.len());
    assert_eq!((rows("site_inquiries"), rows("site_bookings")), (Some(3), Some(1)));
    let shown = serde_json::to_string(&sheets).expect("JSON");
    assert!(shown.contains("Dana Whitfield") && shown.contains("We lose calls."), "{shown}");
    holder.erase(&mut tx, &traces, uuid::Uuid::nil()).await.expect("erased");
    tx.commit().await.expect("committed");
    for query in [
        "select count(*) from site_inquiries",
        "select count(*) from site_inquiry_notes",
        "select count(*) from site_bookings",
        "select count(*) from site_booking_quarters",
    ] {
        assert_eq!(world.count(query).await, 0, "{query}");
    }
}

#[tokio::test]
async fn what_is_hidden_is_seen_by_nobody_and_comes_back_as_it_was() {
    let (world, contact) = furnished().await;
    let holder = Visitors::new(world.web.kernel.clone());
    let traces = Traces::of(contact);
    let mut tx = world.web.kernel.db.begin(world.org).await.expect("a transaction");
    tx.see_hidden().await.expect("it sees");
    holder.hide(&mut tx, &traces).await.expect("hidden");
    tx.commit().await.expect("committed");
    let mut tx = world.web.kernel.db.begin(world.org).await.expect("a transaction");
    let seen: i64 =
        sqlx::query_scalar("select count(*) from site_inquiries").fetch_one(tx.conn()).await.expect("a count");
    assert_eq!(seen, 0);
    drop(tx);
    let mut tx = world.web.kernel.db.begin(world.org).await.expect("a transaction");
    tx.see_hidden().await.expect("it sees");
    holder.restore(&mut tx, &traces).await.expect("restored");
    tx.commit().await.expect("committed");
    assert_eq!(world.count("select count(*) from site_inquiries where hidden_at is not null").await, 0);
    assert_eq!(
        world.count("select count(*) from site_inquiries where contact_id is null").await,
        1,
        "spam is nobody's"
    );
}
