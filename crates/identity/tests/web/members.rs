use serde_json::json;

use crate::support::{House, PASSWORD, Person};

async fn roles(house: &House, by: &Person) -> Vec<(String, String)> {
    let list = house.get("/v2/members").by(by).send().await.expect_status(200).json();
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().unwrap().to_owned();
    list["data"].as_array().unwrap().iter().map(|row| (text(row, "name"), text(row, "role"))).collect()
}

#[tokio::test]
async fn members_are_added_listed_changed_and_removed() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    assert_eq!(
        roles(&house, &agent).await,
        [("Olive Owner".into(), "owner".into()), ("The agent".into(), "agent".into())]
    );
    let id = house.member_id(&agent).await;
    house.get("/v2/keys").by(&agent).send().await.expect_status(403);
    let changed = house.patch(&format!("/v2/members/{id}"), json!({ "role": "admin" })).by(&owner).send().await;
    assert_eq!(changed.expect_status(200).json()["role"], "admin");
    // The role holds from the next request with the same token.
    house.get("/v2/keys").by(&agent).send().await.expect_status(200);
    house.delete(&format!("/v2/members/{id}")).by(&owner).send().await.expect_status(204);
    house.get("/v2/members").by(&agent).send().await.expect_status(401);
    let login = json!({ "email": agent.email, "password": PASSWORD });
    house.post("/v2/auth/login", login).send().await.expect_status(403);
    house.delete(&format!("/v2/members/{id}")).by(&owner).send().await.expect_status(404);
    let expected = ["org.registered", "member.joined", "member.joined", "member.role_changed", "member.removed"];
    assert_eq!(house.events(&owner).await, expected);
}

#[tokio::test]
async fn a_list_longer_than_a_page_goes_on() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    for role in ["admin", "agent", "viewer"] {
        house.member(&owner, role).await;
    }
    let first = house.get("/v2/members?limit=3").by(&owner).send().await.expect_status(200).json();
    let path = format!("/v2/members?limit=3&cursor={}", first["next_cursor"].as_str().expect("more"));
    let second = house.get(&path).by(&owner).send().await.expect_status(200).json();
    assert_eq!((second["data"].as_array().unwrap().len(), second["next_cursor"].is_null()), (1, true));
}

#[tokio::test]
async fn each_role_may_what_the_matrix_says() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    for (role, list, manage) in [("admin", 200, 200), ("analyst", 200, 403), ("agent", 200, 403), ("viewer", 200, 403)]
    {
        let member = house.member(&owner, role).await;
        house.get("/v2/members").by(&member).send().await.expect_status(list);
        for path in [
            "/v2/keys",
            "/v2/invites",
            "/v2/audit-log",
            "/v2/audit-log/verification",
            "/settings/people",
            "/settings/keys",
            "/settings/audit-log",
        ] {
            let reply = house.get(path).by(&member).send().await;
            assert_eq!(reply.status.as_u16(), manage, "{role} {path}");
        }
        let id = house.member_id(&owner).await;
        let writes = [
            house.post(
                "/v2/members",
                json!({ "email": "x@example.com", "name": "x", "password": PASSWORD, "role": "viewer" }),
            ),
            house.post("/v2/invites", json!({ "email": "y@example.com", "role": "viewer" })),
            house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })),
            house.patch(&format!("/v2/members/{id}"), json!({ "role": "viewer" })),
            house.delete(&format!("/v2/members/{id}")),
        ];
        for (n, call) in writes.into_iter().enumerate() {
            let status = call.by(&member).send().await.status.as_u16();
            // An administrator may all of it, but not touch an owner.
            let expected = if role == "admin" && n < 3 { 201 } else { 403 };
            assert_eq!(status, expected, "{role} write {n}");
        }
    }
}

#[tokio::test]
async fn only_an_owner_touches_owners() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let (owner_id, admin_id) = (house.member_id(&owner).await, house.member_id(&admin).await);
    let owner_role = json!({ "role": "owner" });
    house.patch(&format!("/v2/members/{admin_id}"), owner_role.clone()).by(&admin).send().await.expect_status(403);
    house
        .post("/v2/invites", json!({ "email": "x@example.com", "role": "owner" }))
        .by(&admin)
        .send()
        .await
        .expect_status(403);
    let new = json!({ "email": "x@example.com", "name": "x", "password": PASSWORD, "role": "owner" });
    house.post("/v2/members", new).by(&admin).send().await.expect_status(403);
    house.delete(&format!("/v2/members/{owner_id}")).by(&admin).send().await.expect_status(403);
    house.patch(&format!("/v2/members/{admin_id}"), owner_role).by(&owner).send().await.expect_status(200);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let id = house.member_id(&owner).await;
    house.delete("/v2/members/me").by(&owner).send().await.expect_status(409);
    house.delete(&format!("/v2/members/{id}")).by(&owner).send().await.expect_status(409);
    house.patch(&format!("/v2/members/{id}"), json!({ "role": "admin" })).by(&owner).send().await.expect_status(409);
    let second = house.member(&owner, "owner").await;
    house.delete("/v2/members/me").by(&owner).send().await.expect_status(204);
    house.delete("/v2/members/me").by(&second).send().await.expect_status(409);
}

#[tokio::test]
async fn two_owners_who_demote_one_another_at_once_leave_one() {
    let house = House::new().await;
    let one = house.owner("one").await;
    let two = house.member(&one, "owner").await;
    let (one_id, two_id) = (house.member_id(&one).await, house.member_id(&two).await);
    let demote =
        |by: &Person, id: &str| house.patch(&format!("/v2/members/{id}"), json!({ "role": "viewer" })).by(by).send();
    let (a, b) = tokio::join!(demote(&one, &two_id), demote(&two, &one_id));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [200, 409] || statuses == [200, 403], "{statuses:?}");
    let owners: i64 = sqlx::query_scalar("select count(*) from members where role = 'owner'")
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap();
    assert_eq!(owners, 1);
}

#[tokio::test]
async fn another_organisation_does_not_exist() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let foreign = house.member_id(&house.member(&one, "agent").await).await;
    house.patch(&format!("/v2/members/{foreign}"), json!({ "role": "admin" })).by(&two).send().await.expect_status(404);
    house.delete(&format!("/v2/members/{foreign}")).by(&two).send().await.expect_status(404);
    house.delete("/v2/members/member_nonsense").by(&two).send().await.expect_status(404);
    assert_eq!(roles(&house, &two).await.len(), 1);
    // An email of another organisation can be invited, not taken over.
    let new = json!({ "email": one.email, "name": "x", "password": PASSWORD, "role": "agent" });
    house.post("/v2/members", new).by(&two).send().await.expect_status(409);
}

#[tokio::test]
async fn an_organisation_sees_no_person_of_another_and_no_password_hash() {
    let house = House::new().await;
    let (one, _two) = (house.owner("one").await, house.owner("two").await);
    let mut tx = house.kernel.db.begin(one.org.parse().unwrap()).await.unwrap();
    let seen: Vec<String> = sqlx::query_scalar("select email from users").fetch_all(tx.conn()).await.unwrap();
    assert_eq!(seen, [one.email]);
    assert!(sqlx::query("select password_hash from users").fetch_all(tx.conn()).await.is_err());
}

#[tokio::test]
async fn a_password_set_from_the_command_line_ends_every_session() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, _) = house.browser(&owner.email).await;
    let set = |password: &'static str| identity::members::set_password(&house.kernel, "Owner@one.example", password);
    assert_eq!(set("short").await.unwrap_err().status().as_u16(), 422);
    set("another long password").await.unwrap();
    kernel::testing::until("the process to notice", || async {
        (house.get("/v2/auth/session").by(&owner).send().await.status.as_u16() == 401).then_some(())
    })
    .await;
    house.get("/v2/auth/session").header("cookie", &cookie).send().await.expect_status(401);
    let login =
        |password: &str| house.post("/v2/auth/login", json!({ "email": owner.email, "password": password })).send();
    login(PASSWORD).await.expect_status(401);
    login("another long password").await.expect_status(200);
    let nobody = identity::members::set_password(&house.kernel, "nobody@example.com", "another long password").await;
    assert_eq!(nobody.unwrap_err().status().as_u16(), 404);
}
