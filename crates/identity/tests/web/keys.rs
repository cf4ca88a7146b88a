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
        identity::keys::NewKey { name: "cron".into(), scopes: vec![shell::Permission::Billing], ..Default::default() };
    let (id, key) = identity::keys::create(&house.kernel, owner.org.parse().unwrap(), new).await.unwrap();
    let me = house.get("/v2/auth/session").header("x-api-key", &key).send().await;
    me.expect_status(403);
    let list = house.get("/v2/keys").by(&owner).send().await.expect_status(200).json();
    assert_eq!((list["data"][0]["id"].clone(), list["data"][0]["maker"].clone()), (json!(id), Value::Null));
}

async fn audited(house: &House, by: &Person, action: &str) -> Vec<Value> {
    let log = house.get(&format!("/v2/audit-log?action={action}")).by(by).send().await.expect_status(200).json();
    log["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_key_works_from_its_networks_alone_and_a_refusal_is_noted_once() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let body = json!({ "name": "office", "scopes": ["view"], "allow_from": ["192.0.2.0/24", " 2001:db8::/32 ", "192.0.2.0/24"] });
    let made = house.post("/v2/keys", body).by(&owner).send().await.expect_status(201).json();
    assert_eq!(made["allow_from"], json!(["192.0.2.0/24", "2001:db8::/32"]));
    let ask = |ip: &str| house.get("/v2/members").bearer(secret(&made)).at_ip(ip).send();
    for allowed in ["192.0.2.9", "[::ffff:192.0.2.9]", "[2001:db8:1::1]"] {
        ask(allowed).await.expect_status(200);
    }
    ask("198.51.100.1").await.expect_status(403);
    for refused in ["192.0.3.1", "[::ffff:192.0.3.1]", "[2001:db9::1]"] {
        let answer = ask(refused).await.expect_status(403).json();
        assert!(answer["error"]["message"].as_str().unwrap().contains("from this address"), "{answer}");
    }
    house.get("/v2/members").bearer(secret(&made)).send().await.expect_status(403);
    kernel::testing::until("the refusal is noted", || async {
        (audited(&house, &owner, "key.refused").await.len() == 1).then_some(())
    })
    .await;
    let noted = &audited(&house, &owner, "key.refused").await[0];
    assert_eq!((noted["ip"].as_str(), noted["subject"].clone()), (Some("198.51.100.1"), made["id"].clone()));
    let list = house.get("/v2/keys").by(&owner).send().await.json();
    assert_eq!(list["data"][0]["last_used_ip"], "192.0.2.9", "only what was let in counts as use");
}

#[tokio::test]
async fn networks_that_do_not_read_are_named() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let body = json!({ "name": "x", "scopes": ["view"], "allow_from": ["192.0.2.1/24", "everywhere", "::1"] });
    let refused = house.post("/v2/keys", body).by(&owner).send().await.expect_status(422).json();
    let reasons: Vec<_> =
        refused["error"]["details"].as_array().unwrap().iter().map(|d| d["reason"].to_string()).collect();
    assert_eq!(reasons.len(), 2, "{refused}");
    assert!(reasons[0].contains("192.0.2.0/24") && reasons[1].contains("everywhere"), "{reasons:?}");
    let many = vec!["192.0.2.1"; 51];
    let body = json!({ "name": "x", "scopes": ["view"], "allow_from": many });
    house.post("/v2/keys", body).by(&owner).send().await.expect_status(422);
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_the_overlap_and_its_successor_has_the_same_rights() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let ends = house.kernel.clock.now() + Duration::days(90);
    let body =
        json!({ "name": "shop", "scopes": ["view", "reply"], "expires_at": ends, "allow_from": ["192.0.2.0/24"] });
    let old = house.post("/v2/keys", body).by(&owner).send().await.expect_status(201).json();
    let rotate = |id: &Value, hours: u32| {
        let path = format!("/v2/keys/{}/rotate", id.as_str().unwrap());
        house.post(&path, json!({ "overlap_hours": hours })).by(&owner).send()
    };
    rotate(&old["id"], 721).await.expect_status(422);
    let new = rotate(&old["id"], 24).await.expect_status(201).json();
    for same in ["name", "scopes", "allow_from", "maker"] {
        assert_eq!(new[same], old[same], "{same}");
    }
    assert_ne!(secret(&new), secret(&old));
    let ends: chrono::DateTime<chrono::Utc> = new["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        (ends - house.kernel.clock.now()).num_days(),
        89,
        "as long a life as the old one was given, less an instant"
    );
    rotate(&old["id"], 24).await.expect_status(409);
    let works = |key: &Value, status: u16| {
        let call = house.get("/v2/members").bearer(secret(key)).at_ip("192.0.2.1").send();
        async move { call.await.expect_status(status) }
    };
    works(&old, 200).await;
    works(&new, 200).await;
    house.advance(Duration::hours(25));
    works(&old, 401).await;
    works(&new, 200).await;
    let owner = house.login(&owner.email).await;
    let rows = audited(&house, &owner, "key.rotated").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0]["subject"].clone(), rows[0]["detail"]["successor"].clone()),
        (old["id"].clone(), new["id"].clone())
    );
    let list = house.get("/v2/keys").by(&owner).send().await.json();
    let row = list["data"].as_array().unwrap().iter().find(|key| key["id"] == old["id"]).unwrap();
    assert_eq!(row["successor"], new["id"]);
}

#[tokio::test]
async fn rotating_raises_nobodys_rights_and_an_ended_key_stays_ended() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let other = house.owner("two").await;
    let made = make(&house, &owner, &["view", "billing"]).await;
    let path = format!("/v2/keys/{}/rotate", made["id"].as_str().unwrap());
    let body = json!({ "overlap_hours": 0 });
    let refused = house.post(&path, body.clone()).by(&admin).send().await.expect_status(422).json();
    assert_eq!(refused["error"]["details"][0]["field"], "scopes", "an admin has no billing to give");
    house.post(&path, body.clone()).by(&other).send().await.expect_status(404);
    let manager = make(&house, &owner, &["view", "manage_people"]).await;
    house.post(&path, body.clone()).bearer(secret(&manager)).send().await.expect_status(403);
    house.get("/v2/members").bearer(secret(&made)).send().await.expect_status(200);
    house.post(&path, body.clone()).by(&owner).send().await.expect_status(201);
    house.get("/v2/members").bearer(secret(&made)).send().await.expect_status(401);
    house.post(&path, body).by(&owner).send().await.expect_status(409);
}

#[tokio::test]
async fn the_operator_rotates_and_ends_a_key_which_stays_its_makers() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let org = owner.org.parse().unwrap();
    let made = make(&house, &admin, &["view", "manage_people"]).await;
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let (successor, key) = identity::keys::rotate(&house.kernel, org, id, 1).await.unwrap();
    house.get("/v2/keys").bearer(&key).send().await.expect_status(200);
    let member = house.member_id(&admin).await;
    house
        .patch(&format!("/v2/members/{member}"), json!({ "role": "viewer" }))
        .by(&owner)
        .send()
        .await
        .expect_status(200);
    house.get("/v2/keys").bearer(&key).send().await.expect_status(403);
    let lines = identity::keys::lines(&house.kernel, org).await.unwrap();
    assert!(lines.len() == 2 && lines[0].starts_with(&successor.to_string()), "{lines:?}");
    identity::keys::revoke(&house.kernel, org, successor).await.unwrap();
    assert!(identity::keys::revoke(&house.kernel, org, successor).await.is_err());
    let elsewhere = house.other_process().await;
    let call = crate::support::Call::new(elsewhere, axum::http::Method::GET, "/v2/members").bearer(&key);
    call.send().await.expect_status(401);
}
