//! Suspended: out within the second everywhere, and nothing lost.

use serde_json::json;

use crate::support::{Call, House, PASSWORD, Person};

async fn set(house: &House, by: &Person, id: &str, suspended: bool) -> crate::support::Reply {
    house.patch(&format!("/v2/members/{id}"), json!({ "suspended": suspended })).by(by).send().await
}

#[tokio::test]
async fn a_suspended_member_is_out_and_comes_back_with_what_they_had() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let id = house.member_id(&admin).await;
    let made = house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })).by(&admin).send().await;
    let key = made.expect_status(201).json()["key"].as_str().unwrap().to_owned();
    let (cookie, _) = house.browser(&admin.email).await;
    house.get("/v2/members").bearer(&key).send().await.expect_status(200);
    let suspended = set(&house, &owner, &id, true).await.expect_status(200).json();
    assert!(suspended["suspended_at"].is_string());
    house.get("/v2/members").by(&admin).send().await.expect_status(401);
    house.get("/v2/members").bearer(&key).send().await.expect_status(401);
    house.get("/v2/members").header("cookie", &cookie).send().await.expect_status(401);
    house.post("/v2/auth/refresh", json!({ "refresh_token": admin.refresh })).send().await.expect_status(401);
    let login = json!({ "email": admin.email, "password": PASSWORD });
    house.post("/v2/auth/login", login.clone()).send().await.expect_status(403);
    assert!(set(&house, &owner, &id, false).await.expect_status(200).json()["suspended_at"].is_null());
    house.get("/v2/members").by(&admin).send().await.expect_status(401);
    house.get("/v2/members").bearer(&key).send().await.expect_status(200);
    house.post("/v2/auth/login", login).send().await.expect_status(200);
    set(&house, &owner, &id, false).await.expect_status(200);
    let log = house.get("/v2/audit-log?action=member").by(&owner).send().await.expect_status(200).json();
    let actions: Vec<_> = log["data"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["member.reactivated", "member.suspended", "member.joined"], "what changed nothing is no row");
}

#[tokio::test]
async fn another_process_notices_within_a_second() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let other = house.other_process().await;
    let there = async || {
        let call = Call::new(other.clone(), axum::http::Method::GET, "/v2/members").by(&agent);
        call.send().await.status.as_u16()
    };
    assert_eq!(there().await, 200);
    let begun = std::time::Instant::now();
    set(&house, &owner, &house.member_id(&agent).await, true).await.expect_status(200);
    kernel::testing::until("the other process to notice", async || (there().await == 401).then_some(())).await;
    assert!(begun.elapsed() < std::time::Duration::from_millis(1_500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_last_owner_who_can_sign_in_stays() {
    let house = House::new().await;
    let one = house.owner("one").await;
    let two = house.member(&one, "owner").await;
    let (one_id, two_id) = (house.member_id(&one).await, house.member_id(&two).await);
    set(&house, &one, &one_id, true).await.expect_status(409);
    set(&house, &one, &two_id, true).await.expect_status(200);
    // The other owner is suspended: this one is the last who counts.
    house.delete("/v2/members/me").by(&one).send().await.expect_status(409);
    let demote = house.patch(&format!("/v2/members/{one_id}"), json!({ "role": "admin" }));
    demote.by(&one).send().await.expect_status(409);
    // And the suspended one may go, since the active one stays.
    house.delete(&format!("/v2/members/{two_id}")).by(&one).send().await.expect_status(204);
}

#[tokio::test]
async fn two_owners_who_suspend_one_another_at_once_leave_one() {
    let house = House::new().await;
    let one = house.owner("one").await;
    let two = house.member(&one, "owner").await;
    let (one_id, two_id) = (house.member_id(&one).await, house.member_id(&two).await);
    tokio::join!(set(&house, &one, &two_id, true), set(&house, &two, &one_id, true));
    let active: i64 = sqlx::query_scalar("select count(*) from members where role = 'owner' and suspended_at is null")
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap();
    assert_eq!(active, 1);
}

#[tokio::test]
async fn an_administrator_does_not_suspend_an_owner_and_an_empty_patch_says_nothing() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    house.member(&owner, "owner").await;
    let id = house.member_id(&owner).await;
    set(&house, &admin, &id, true).await.expect_status(403);
    house.patch(&format!("/v2/members/{id}"), json!({})).by(&owner).send().await.expect_status(422);
    let both = json!({ "role": "agent", "suspended": true });
    let admin_id = house.member_id(&admin).await;
    let changed = house.patch(&format!("/v2/members/{admin_id}"), both).by(&owner).send().await.expect_status(200);
    assert_eq!((changed.json()["role"].as_str(), changed.json()["suspended_at"].is_string()), (Some("agent"), true));
}

#[tokio::test]
async fn the_page_suspends_and_lets_in_again() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let id = house.member_id(&agent).await;
    let (cookie, csrf) = house.browser(&owner.email).await;
    let post = async |body: &str| {
        let call = house.form(&format!("/settings/people/{id}/suspension"), body).header("cookie", &cookie);
        call.header("x-csrf-token", &csrf).header("hx-request", "true").send().await.expect_status(200).body
    };
    let page = post("suspended=true").await;
    assert!(page.contains("suspended</span>") && page.contains("sign in again"), "{page}");
    house.get("/v2/members").by(&agent).send().await.expect_status(401);
    assert!(!post("suspended=false").await.contains("suspended</span>"));
    house.login(&agent.email).await;
}
