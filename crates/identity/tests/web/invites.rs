use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Person};

async fn invite(house: &House, by: &Person, email: &str, role: &str) -> Value {
    house.post("/v2/invites", json!({ "email": email, "role": role })).by(by).send().await.expect_status(201).json()
}

fn accept(house: &House, made: &Value, name: &str, password: &str) -> crate::support::Call {
    house.post("/v2/invites/accept", json!({ "token": made["token"], "name": name, "password": password }))
}

#[tokio::test]
async fn an_invitation_brings_a_new_person_in_once() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let made = invite(&house, &owner, " Sam@Example.com ", "agent").await;
    assert_eq!(made["email"], "sam@example.com");
    assert!(made["link"].as_str().unwrap().ends_with(&format!("/invite/{}", made["token"].as_str().unwrap())));
    let joined = accept(&house, &made, "Sam Okafor", PASSWORD).send().await.expect_status(201).json();
    assert_eq!(joined["org"]["id"], owner.org.as_str());
    let me = house.get("/v2/auth/session").bearer(joined["access_token"].as_str().unwrap()).send().await.json();
    assert_eq!((me["role"].as_str(), me["name"].as_str()), (Some("agent"), Some("Sam Okafor")));
    accept(&house, &made, "Sam Okafor", PASSWORD).send().await.expect_status(404);
    assert_eq!(house.events(&owner).await, ["org.registered", "member.joined", "member.invited", "member.joined"]);
    let list = house.get("/v2/invites").by(&owner).send().await.expect_status(200).json();
    assert_eq!(list["data"], json!([]));
    house
        .post("/v2/invites", json!({ "email": "sam@example.com", "role": "agent" }))
        .by(&owner)
        .send()
        .await
        .expect_status(409);
}

#[tokio::test]
async fn somebody_who_has_an_account_proves_it_and_keeps_it() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let made = invite(&house, &one, &two.email, "viewer").await;
    accept(&house, &made, "Somebody Else", "not the password").send().await.expect_status(401);
    let joined = accept(&house, &made, "Somebody Else", PASSWORD).send().await.expect_status(201).json();
    assert_eq!(
        (joined["org"]["id"].as_str(), joined["user"]["name"].as_str()),
        (Some(one.org.as_str()), Some("Olive Owner"))
    );
}

#[tokio::test]
async fn a_link_ends_is_taken_back_or_replaced() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let old = invite(&house, &owner, "sam@example.com", "agent").await;
    let new = invite(&house, &owner, "sam@example.com", "viewer").await;
    accept(&house, &old, "Sam", PASSWORD).send().await.expect_status(404);
    let list = house.get("/v2/invites").by(&owner).send().await.expect_status(200).json();
    assert_eq!((list["data"].as_array().unwrap().len(), list["data"][0]["role"].as_str()), (1, Some("viewer")));
    let path = format!("/v2/invites/{}", new["id"].as_str().unwrap());
    house.delete(&path).by(&owner).send().await.expect_status(204);
    house.delete(&path).by(&owner).send().await.expect_status(404);
    accept(&house, &new, "Sam", PASSWORD).send().await.expect_status(404);
    let late = invite(&house, &owner, "sam@example.com", "agent").await;
    house.advance(Duration::days(7));
    accept(&house, &late, "Sam", PASSWORD).send().await.expect_status(404);
    accept(&house, &json!({ "token": "nonsense" }), "Sam", PASSWORD).send().await.expect_status(404);
}

#[tokio::test]
async fn a_link_used_twice_at_once_makes_one_member() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let made = invite(&house, &owner, "sam@example.com", "agent").await;
    let calls = (0..4).map(|_| accept(&house, &made, "Sam", PASSWORD).send());
    let won = futures_util::future::join_all(calls).await.iter().filter(|reply| reply.status.as_u16() == 201).count();
    let members: i64 =
        sqlx::query_scalar("select count(*) from members").fetch_one(&mut house.db.owner().await).await.unwrap();
    assert_eq!((won, members), (1, 2));
}

#[tokio::test]
async fn bad_fields_and_foreign_invitations() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let bad =
        house.post("/v2/invites", json!({ "email": "sam", "role": "agent" })).by(&one).send().await.expect_status(422);
    assert_eq!(bad.json()["error"]["details"][0]["field"], "email");
    let bad = house.post("/v2/invites", json!({ "email": "sam@example.com", "role": "root" })).by(&one).send().await;
    assert_eq!(bad.expect_status(422).json()["error"]["details"][0]["field"], "role");
    let made = invite(&house, &one, "sam@example.com", "agent").await;
    house.delete(&format!("/v2/invites/{}", made["id"].as_str().unwrap())).by(&two).send().await.expect_status(404);
    let bad = accept(&house, &made, "", "short").send().await.expect_status(422).json();
    assert_eq!(bad["error"]["details"].as_array().unwrap().len(), 2);
    accept(&house, &made, "Sam", PASSWORD).send().await.expect_status(201);
}
