//! Merging contacts and undoing it, and who is suggested.

use axum::http::Method;
use kernel::channel::ChannelKind;
use kernel::ids::{ChannelId, ContactId};
use leads::contacts::{Field, Person, resolve};
use serde_json::{Value, json};
use shell::Role;

use crate::support::House;

const PHONE: &str = "+15550100199";

/// Every row that a merge may touch, digested.
const DIGEST: &str = "select md5(concat_ws('#', \
    (select string_agg(c::text, '|' order by id) from contacts c), \
    (select string_agg(i::text, '|' order by channel_id, platform_id) from contact_identities i), \
    (select string_agg(l::text, '|' order by id) from leads l)))";

async fn text(house: &House, sql: &'static str) -> String {
    let mut owner = house.web.db.owner().await;
    sqlx::query_scalar(sql).fetch_one(&mut owner).await.expect("a value")
}

/// Somebody with a phone number who wrote on WhatsApp; the account they wrote to comes back too.
async fn on_whatsapp(house: &House, id: &str) -> (ContactId, ChannelId) {
    let channel = ChannelId::new(&house.kernel().clock);
    (writes_to(house, channel, id, Some(PHONE)).await, channel)
}

async fn writes_to(house: &House, channel: ChannelId, id: &str, phone: Option<&str>) -> ContactId {
    let vault = house.kernel().vault.of(house.org).await.expect("keys");
    let mut tx = house.kernel().db.begin(house.org).await.expect("a transaction");
    let person = Person { channel, kind: ChannelKind::Whatsapp, ids: vec![id], phone, name: None, username: None };
    let found = resolve(&mut tx, &vault, &[person]).await.expect("a contact");
    tx.commit().await.expect("committed");
    found[0].contact
}

/// Gives a contact the phone number.
async fn phone(house: &House, contact: ContactId) {
    let vault = house.kernel().vault.of(house.org).await.expect("keys");
    let (sealed, index) = Field::Phone.seal(&vault, contact, PHONE).expect("sealed");
    let mut owner = house.web.db.owner().await;
    let sql = "update contacts set phone = $2, phone_index = $3 where id = $1";
    sqlx::query(sql).bind(contact).bind(sealed).bind(index).execute(&mut owner).await.expect("updated");
}

async fn merge(house: &House, kept: ContactId, other: ContactId) -> (u16, Value) {
    let answer =
        house.web.post(&house.agent(), &format!("/v2/contacts/{kept}/merge"), &json!({ "other": other })).await;
    (answer.status, answer.json())
}

async fn undo(house: &House, merge: &Value) -> u16 {
    let path = format!("/v2/contacts/merges/{}", merge["id"].as_str().expect("an id"));
    house.web.call(&house.agent(), Method::DELETE, &path, None).await.status
}

#[tokio::test]
async fn a_merge_and_its_undoing_leave_every_row_as_it_was() {
    let house = House::new().await;
    // Both have an open lead; only the other has an e-mail address and a phone number.
    let (_, kept) = house.hot("Ana").await;
    let (lead, other) = house.hot("Ana on her phone").await;
    house.email(other, "ana@example.com").await;
    phone(&house, other).await;
    let before = text(&house, DIGEST).await;
    let (status, made) = merge(&house, kept, other).await;
    assert_eq!(status, 201, "{made}");
    let shown = house.web.get(&house.agent(), &format!("/v2/contacts/{kept}")).await.json();
    assert_eq!(
        (&shown["email"], &shown["phone"], &shown["name"]),
        (&json!("ana@example.com"), &json!(PHONE), &json!("Ana")),
        "{shown}"
    );
    assert_eq!(shown["identities"].as_array().map(Vec::len), Some(2));
    let moved = house.web.get(&house.agent(), &format!("/v2/leads/{lead}")).await.json();
    assert!(moved.to_string().contains(&kept.to_string()), "the lead came along: {moved}");
    assert_ne!(text(&house, DIGEST).await, before);
    assert_eq!(undo(&house, &made).await, 204);
    assert_eq!(text(&house, DIGEST).await, before, "byte for byte");
    assert_eq!(undo(&house, &made).await, 404, "undone once");
    assert_eq!(
        text(&house, "select string_agg(kind, ' ' order by id) from events where kind like 'contact.%merged'").await,
        "contact.merged contact.unmerged"
    );
}

#[tokio::test]
async fn after_a_merge_messages_go_to_the_kept_contact_and_what_came_since_stays_there() {
    let house = House::new().await;
    let (other, channel) = on_whatsapp(&house, "person-1").await;
    let kept = house.contact("Ben").await;
    let (_, made) = merge(&house, kept, other).await;
    assert_eq!(writes_to(&house, channel, "person-1", None).await, kept);
    house.email(kept, "ben@example.com").await;
    assert_eq!(undo(&house, &made).await, 204);
    assert_eq!(writes_to(&house, channel, "person-1", None).await, other);
    let shown = house.web.get(&house.agent(), &format!("/v2/contacts/{kept}")).await.json();
    assert_eq!((&shown["email"], &shown["phone"]), (&json!("ben@example.com"), &Value::Null));
}

#[tokio::test]
async fn merges_are_undone_the_latest_first() {
    let house = House::new().await;
    let (ana, ben, cleo) = (house.contact("Ana").await, house.contact("Ben").await, house.contact("Cleo").await);
    let before = text(&house, DIGEST).await;
    let (_, first) = merge(&house, ben, ana).await;
    assert_eq!(merge(&house, cleo, ana).await.0, 409, "Ana is part of Ben");
    let (_, second) = merge(&house, cleo, ben).await;
    assert_eq!(undo(&house, &first).await, 409);
    assert_eq!(undo(&house, &second).await, 204);
    assert_eq!(undo(&house, &first).await, 204);
    assert_eq!(text(&house, DIGEST).await, before);
}

#[tokio::test]
async fn what_cannot_be_merged_is_refused() {
    let house = House::new().await;
    let ana = house.contact("Ana").await;
    assert_eq!(merge(&house, ana, ana).await.0, 422);
    assert_eq!(merge(&house, ana, ContactId::new(&house.kernel().clock)).await.0, 404);
    let ben = house.contact("Ben").await;
    let path = format!("/v2/contacts/{ana}/merge");
    let viewer = house.web.token(house.org, Role::Viewer);
    assert_eq!(house.web.post(&viewer, &path, &json!({ "other": ben })).await.status, 403);
    let stranger = house.web.token(house.web.org("Elsewhere").await, Role::Owner);
    assert_eq!(house.web.post(&stranger, &path, &json!({ "other": ben })).await.status, 404);
    let (_, made) = merge(&house, ana, ben).await;
    let path = format!("/v2/contacts/merges/{}", made["id"].as_str().expect("an id"));
    assert_eq!(house.web.call(&stranger, Method::DELETE, &path, None).await.status, 404);
}

#[tokio::test]
async fn equal_numbers_and_addresses_on_other_channels_are_suggested_and_nothing_happens_by_itself() {
    let house = House::new().await;
    let (there, channel) = on_whatsapp(&house, "person-2").await;
    let (here, _) = on_whatsapp(&house, "person-3").await;
    // The same number on the same account is another person's phone, or a shared one.
    let beside = writes_to(&house, channel, "person-4", Some(PHONE)).await;
    house.contact("A stranger").await;
    let path = |contact: ContactId| format!("/v2/contacts/{contact}/suggestions");
    house.email(here, "cleo@example.com").await;
    house.email(there, "Cleo@Example.com").await;
    let list = house.web.get(&house.agent(), &path(there)).await.json();
    let one = &list["data"][0];
    assert_eq!((list["data"].as_array().map(Vec::len), &one["contact"]), (Some(1), &json!(here)), "{list}");
    assert_eq!((&one["because"], &one["channels"]), (&json!(["phone", "email"]), &json!(["whatsapp"])));
    let both = house.web.get(&house.agent(), &path(here)).await.json();
    assert_eq!(both["data"].as_array().map(Vec::len), Some(2), "{both}");
    assert_ne!(beside, there);
    assert_eq!(text(&house, "select count(*)::text from contacts where merged_into is not null").await, "0");
    merge(&house, there, here).await;
    let rest = house.web.get(&house.agent(), &path(there)).await.json();
    assert_eq!(rest["data"], json!([]), "{rest}");
    assert_eq!(house.web.get(&house.agent(), &path(ContactId::new(&house.kernel().clock))).await.status, 404);
}
