use kernel::ids::OrgId;
use serde_json::json;

use crate::support::{House, PASSWORD};

#[tokio::test]
async fn an_organisation_its_owner_its_key_and_its_facts_come_into_being_together() {
    let house = House::new().await;
    let body = json!({ "organisation": " Northwind ", "name": "Dana Whitfield", "email": "Dana@Example.com", "password": PASSWORD });
    let made = house.post("/v2/auth/register", body).send().await.expect_status(201).json();
    assert_eq!(made["org"]["name"], "Northwind");
    assert_eq!(made["user"]["email"], "dana@example.com");
    assert_eq!(made["expires_in"], 900);
    let owner = house.login("dana@example.com").await;
    let me = house.get("/v2/auth/session").by(&owner).send().await.expect_status(200).json();
    assert_eq!((me["role"].as_str(), me["org"]["id"].as_str()), (Some("owner"), made["org"]["id"].as_str()));
    assert_eq!(me["permissions"].as_array().expect("a list").len(), 8);
    assert_eq!(house.events(&owner).await, ["org.registered", "member.joined"]);
    let org: OrgId = owner.org.parse().expect("an id");
    assert!(house.kernel.vault.seal(org, "place", b"secret").await.is_ok(), "the organisation has its data key");
}

#[tokio::test]
async fn a_known_email_is_a_conflict_and_leaves_nothing_behind() {
    let house = House::new().await;
    house.owner("one").await;
    let body = json!({ "organisation": "Two", "name": "x", "email": "OWNER@one.example", "password": PASSWORD });
    let refused = house.post("/v2/auth/register", body).send().await.expect_status(409).json();
    assert_eq!(refused["error"]["code"], "conflict");
    let orgs: i64 =
        sqlx::query_scalar("select count(*) from organisations").fetch_one(&mut house.db.owner().await).await.unwrap();
    assert_eq!(orgs, 1);
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let house = House::new().await;
    let body = json!({ "organisation": "", "name": "x".repeat(101), "email": "nobody", "password": "password" });
    let refused = house.post("/v2/auth/register", body).send().await.expect_status(422).json();
    let fields: Vec<_> =
        refused["error"]["details"].as_array().unwrap().iter().map(|d| d["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["organisation", "name", "email", "password"]);
    let body = json!({ "organisation": "x", "name": "x", "email": "a@example.com" });
    let refused = house.post("/v2/auth/register", body).send().await.expect_status(422).json();
    assert_eq!(refused["error"]["details"][0]["field"], "password");
    house.post("/v2/auth/register", json!({ "nul": "\0" })).send().await.expect_status(422);
}

#[tokio::test]
async fn two_who_register_the_same_email_at_once_make_one_account() {
    let house = House::new().await;
    let body = |n: u8| json!({ "organisation": format!("Org {n}"), "name": "x", "email": "same@example.com", "password": PASSWORD });
    let calls = (0..4).map(|n| house.post("/v2/auth/register", body(n)).send());
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(calls).await.iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    let orgs: i64 =
        sqlx::query_scalar("select count(*) from organisations").fetch_one(&mut house.db.owner().await).await.unwrap();
    assert_eq!(orgs, 1);
}
