use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{House, Person};

async fn make(house: &House, by: &Person, scopes: &[&str]) -> Value {
    let body = json!({ "name": "Website chat", "scopes": scopes });
    house.post("/v2/keys", body).by(by).send().await.expect_status(201).json()
}

fn secret(made: &Value) -> &str {
    made["key"].as_str().expect("shown once")
}

#[tokio::test]
async fn a_key_works_by_both_headers_within_its_scopes_until_it_is_revoked() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let made = make(&house, &owner, &["view"]).await;
    assert!(secret(&made).starts_with("rk_") && secret(&made).starts_with(made["start"].as_str().unwrap()));
    let me = house.get("/v2/auth/session").bearer(secret(&made)).send().await.expect_status(200).json();
    assert_eq!(
        (me["permissions"].clone(), me["key"].clone(), me["user"].clone()),
        (json!(["view"]), made["id"].clone(), Value::Null)
    );
    house.get("/v2/members").header("x-api-key", secret(&made)).send().await.expect_status(200);
    let refused = house.get("/v2/keys").bearer(secret(&made)).send().await.expect_status(403).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("manage_people"), "{refused}");
    house.delete("/v2/auth/session").bearer(secret(&made)).send().await.expect_status(409);
    let list = house.get("/v2/keys").by(&owner).send().await.expect_status(200).json();
    assert!(!list.to_string().contains(secret(&made)), "the secret is shown once");
    assert_eq!(list["data"][0]["maker"], "Olive Owner");
    assert!(list["data"][0]["last_used_at"].is_string());
    let path = format!("/v2/keys/{}", made["id"].as_str().unwrap());
    house.delete(&path).by(&owner).send().await.expect_status(204);
    house.get("/v2/members").bearer(secret(&made)).send().await.expect_status(401);
    house.delete(&path).by(&owner).send().await.expect_status(404);
    assert_eq!(house.events(&owner).await[2..], ["key.created", "key.revoked"]);
}

#[tokio::test]
async fn a_key_rests_as_a_hash_and_a_wrong_one_is_refused() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let made = make(&house, &owner, &["view"]).await;
    let found: i64 = sqlx::query_scalar("select count(*) from api_keys k where position($1 in k::text) > 0")
        .bind(secret(&made))
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap();
    assert_eq!(found, 0);
    let cut = &secret(&made)[..secret(&made).len() - 1];
    for wrong in [cut, "rk_", "rk_00000000000000000000000000000000"] {
        house.get("/v2/members").bearer(wrong).send().await.expect_status(401);
        house.get("/v2/members").header("x-api-key", wrong).send().await.expect_status(401);
    }
}

#[tokio::test]
async fn a_key_never_has_more_than_its_maker_has_today() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let body = json!({ "name": "x", "scopes": ["view", "billing"] });
    let refused = house.post("/v2/keys", body).by(&admin).send().await.expect_status(422).json();
    assert_eq!(refused["error"]["details"][0]["field"], "scopes");
    let made = make(&house, &admin, &["view", "manage_people"]).await;
    house.get("/v2/keys").bearer(secret(&made)).send().await.expect_status(200);
    let id = house.member_id(&admin).await;
    house.patch(&format!("/v2/members/{id}"), json!({ "role": "agent" })).by(&owner).send().await.expect_status(200);
    house.get("/v2/keys").bearer(secret(&made)).send().await.expect_status(403);
    house.get("/v2/members").bearer(secret(&made)).send().await.expect_status(200);
    house.delete(&format!("/v2/members/{id}")).by(&owner).send().await.expect_status(204);
    house.get("/v2/members").bearer(secret(&made)).send().await.expect_status(401);
}

#[tokio::test]
async fn a_key_makes_no_keys_and_no_owners() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let made = make(&house, &owner, &["view", "manage_people"]).await;
    let body = json!({ "name": "x", "scopes": ["view"] });
    house.post("/v2/keys", body).bearer(secret(&made)).send().await.expect_status(403);
    let call = |role: &str| {
        house.post("/v2/invites", json!({ "email": "x@example.com", "role": role })).bearer(secret(&made)).send()
    };
    call("owner").await.expect_status(403);
    call("agent").await.expect_status(201);
}

#[tokio::test]
async fn a_key_ends_when_it_was_to_end_and_bad_fields_are_named() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let ends = house.kernel.clock.now() + Duration::hours(1);
    let body = json!({ "name": "short", "scopes": ["view"], "expires_at": ends });
    let made = house.post("/v2/keys", body).by(&owner).send().await.expect_status(201).json();
    house.get("/v2/members").bearer(secret(&made)).send().await.expect_status(200);
    house.advance(Duration::minutes(61));
    house.get("/v2/members").bearer(secret(&made)).send().await.expect_status(401);
    let owner = house.login(&owner.email).await;
    let body = json!({ "name": "", "scopes": [], "expires_at": ends });
    let refused = house.post("/v2/keys", body).by(&owner).send().await.expect_status(422).json();
    let fields: Vec<_> =
        refused["error"]["details"].as_array().unwrap().iter().map(|d| d["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["name", "scopes", "expires_at"]);
    house.post("/v2/keys", json!({ "name": "x", "scopes": ["root"] })).by(&owner).send().await.expect_status(422);
}

#[tokio::test]
async fn another_organisations_key_does_not_exist() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let made = make(&house, &one, &["view"]).await;
    house.delete(&format!("/v2/keys/{}", made["id"].as_str().unwrap())).by(&two).send().await.expect_status(404);
    let list = house.get("/v2/keys").by(&two).send().await.expect_status(200).json();
    assert_eq!(list["data"], json!([]));
    let me = house.get("/v2/auth/session").bearer(secret(&made)).send().await.expect_status(200).json();
    assert_eq!(me["org"]["id"], one.org.as_str());
}

#[tokio::test]
async fn the_operators_key_has_no_maker() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let new =
        identity::keys::NewKey { name: "cron".into(), scopes: vec![shell::Permission::Billing], expires_at: None };
    let (id, key) = identity::keys::create(&house.kernel, owner.org.parse().unwrap(), new).await.unwrap();
    let me = house.get("/v2/auth/session").header("x-api-key", &key).send().await;
    me.expect_status(403);
    let list = house.get("/v2/keys").by(&owner).send().await.expect_status(200).json();
    assert_eq!((list["data"][0]["id"].clone(), list["data"][0]["maker"].clone()), (json!(id), Value::Null));
}
