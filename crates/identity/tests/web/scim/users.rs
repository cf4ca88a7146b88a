//! Who becomes a member, what follows, and who stays who they are.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Provider, USER, refused};
use crate::support::{House, PASSWORD};

#[tokio::test]
async fn deactivated_is_out_within_the_second_and_deleted_is_gone() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let agent = house.member(&owner, "agent").await;
    let id = house.member_id(&agent).await;
    let path = format!("/Users/{id}");
    let (cookie, _) = house.browser(&agent.email).await;
    let other = house.other_process().await;
    let there = async || {
        crate::support::Call::new(other.clone(), Method::GET, "/v2/members").by(&agent).send().await.status.as_u16()
    };
    assert_eq!(there().await, 200);
    let begun = std::time::Instant::now();
    provider.patch(&path, json!([{ "op": "replace", "path": "active", "value": false }])).await.expect_status(200);
    house.get("/v2/members").by(&agent).send().await.expect_status(401);
    house.get("/v2/members").header("cookie", &cookie).send().await.expect_status(401);
    let login = json!({ "email": agent.email, "password": PASSWORD });
    house.post("/v2/auth/login", login.clone()).send().await.expect_status(403);
    kernel::testing::until("the other process to notice", async || (there().await == 401).then_some(())).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
    provider.patch(&path, json!([{ "op": "replace", "path": "active", "value": true }])).await.expect_status(200);
    let back = house.login(&agent.email).await;
    provider.delete(&path).await.expect_status(204);
    house.get("/v2/members").by(&back).send().await.expect_status(401);
    refused(&provider.get(&path).await, 404, None);
    let log = house.get("/v2/audit-log?action=member").by(&owner).send().await.json();
    let of_key =
        log["data"].as_array().unwrap().iter().filter(|row| row["actor"].as_str().unwrap().starts_with("key_"));
    let actions: Vec<_> = of_key.map(|row| row["action"].as_str().unwrap()).collect();
    // The first change takes over what Recoup knew of the member.
    assert_eq!(actions, ["member.removed", "member.reactivated", "member.provisioned", "member.suspended"]);
}

#[tokio::test]
async fn a_member_who_is_here_is_found_and_taken_over_by_the_provider() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let agent = house.member(&owner, "agent").await;
    let id = house.member_id(&agent).await;
    assert_eq!(
        provider.found(&format!("userName eq \"{}\"", agent.email.to_uppercase())).await,
        [agent.email.as_str()]
    );
    let shown = provider.get(&format!("/Users/{id}")).await.json();
    assert_eq!(
        (&shown["displayName"], &shown["emails"][0]["value"], &shown["active"]),
        (&json!("The agent"), &json!(agent.email), &json!(true))
    );
    // A provider that does not look first makes it its own, once.
    let body = json!({ "userName": "agent-7", "emails": [{ "value": agent.email }], "externalId": "x7" });
    let made = provider.post("/Users", body.clone()).await.expect_status(201).json();
    assert_eq!((&made["id"], &made["userName"]), (&json!(id), &json!("agent-7")));
    refused(&provider.post("/Users", body).await, 409, Some("uniqueness"));
    let member = &house.get("/v2/members").by(&owner).send().await.json()["data"][1];
    assert_eq!(
        (member["role"].as_str(), member["name"].as_str()),
        (Some("agent"), Some("The agent")),
        "what was not said stays"
    );
    house.login(&agent.email).await;
}

#[tokio::test]
async fn somebody_of_another_organisation_is_not_taken_over() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let provider = Provider::of(&house, &one).await;
    let theft = provider.post("/Users", json!({ "userName": "x", "emails": [{ "value": "OWNER@two.example" }] })).await;
    refused(&theft, 409, Some("uniqueness"));
    let id = provider.user("ada").await;
    let rename = json!([{ "op": "replace", "path": "emails", "value": [{ "value": two.email }] }]);
    refused(&provider.patch(&format!("/Users/{id}"), rename).await, 409, Some("uniqueness"));
    house.login(&two.email).await;
    assert_eq!(house.get("/v2/members").by(&one).send().await.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn somebody_of_another_organisation_comes_in_where_the_domain_is_proved_and_with_nothing_that_opened_the_account()
{
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    // Two's owner has made an account for somebody of one's domain, and knows its password.
    let trap = json!({ "email": "ada@one.example", "name": "Ada", "password": PASSWORD, "role": "viewer" });
    house.post("/v2/members", trap).by(&two).send().await.expect_status(201);
    let trapped = house.login("ada@one.example").await;
    let provider = Provider::of(&house, &one).await;
    let body = json!({ "userName": "ada@one.example" });
    refused(&provider.post("/Users", body.clone()).await, 409, Some("uniqueness"));
    let claim = async |verified: &str| {
        let statement = format!(
            "insert into sso_domains (org_id, domain, token, created_at, verified_at, verified_by) \
             values ($1, 'one.example', 't', now(), {verified}, 'dns') \
             on conflict (org_id, domain) do update set verified_at = excluded.verified_at"
        );
        let org: kernel::ids::OrgId = one.org.parse().unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(org).execute(&mut house.db.owner().await).await.unwrap();
    };
    claim("null").await;
    refused(&provider.post("/Users", body.clone()).await, 409, Some("uniqueness"));
    claim("now()").await;
    provider.post("/Users", body).await.expect_status(201);
    let members = house.get("/v2/members").by(&one).send().await.json();
    assert_eq!((&members["data"][1]["name"], &members["data"][1]["user"]), (&json!("Ada"), &json!(trapped.user)));
    let login = json!({ "email": "ada@one.example", "password": PASSWORD });
    house.post("/v2/auth/login", login).send().await.expect_status(401);
    house.post("/v2/auth/refresh", json!({ "refresh_token": trapped.refresh })).send().await.expect_status(401);
    house.get("/v2/members").by(&trapped).send().await.expect_status(401);
}

#[tokio::test]
async fn a_person_of_two_organisations_keeps_name_and_email() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let agent = house.member(&one, "agent").await;
    let new = identity::members::NewMember {
        email: agent.email.clone(),
        name: String::new(),
        password: String::new(),
        role: shell::Role::Agent,
    };
    identity::members::add(&house.kernel, two.org.parse().unwrap(), new).await.unwrap();
    let provider = Provider::of(&house, &one).await;
    let path = format!("/Users/{}", house.member_id(&agent).await);
    let email = json!([{ "op": "replace", "path": "emails[primary eq true].value", "value": "new@one.example" }]);
    refused(&provider.patch(&path, email).await, 400, Some("mutability"));
    let name = json!([{ "op": "replace", "path": "displayName", "value": "Somebody Else" }]);
    let patched = provider.patch(&path, name).await.expect_status(200).json();
    assert_eq!(patched["displayName"], "Somebody Else", "kept as sent");
    let here = house.get("/v2/members").by(&two).send().await.json();
    assert_eq!(here["data"][1]["name"], "The agent", "and theirs elsewhere");
}

#[tokio::test]
async fn an_account_that_belongs_nowhere_makes_way_for_a_new_one() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    // Somebody prepares an account with a password only they know, and lets go of it.
    let trap = json!({ "email": "ada@one.example", "name": "x", "password": PASSWORD, "role": "viewer" });
    let trap = house.post("/v2/members", trap).by(&two).send().await.expect_status(201).json();
    house.delete(&format!("/v2/members/{}", trap["id"].as_str().unwrap())).by(&two).send().await.expect_status(204);
    let provider = Provider::of(&house, &one).await;
    let id = provider.user("ada").await;
    let login = json!({ "email": "ada@one.example", "password": PASSWORD });
    house.post("/v2/auth/login", login).send().await.expect_status(401);
    // Deleted and made again, as providers do.
    provider.delete(&format!("/Users/{id}")).await.expect_status(204);
    assert_ne!(provider.user("ada").await, id);
}

#[tokio::test]
async fn owners_are_made_and_renamed_by_owners_and_the_last_one_stays() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let path = format!("/Users/{}", house.member_id(&owner).await);
    refused(&provider.delete(&path).await, 409, None);
    refused(&provider.patch(&path, json!([{ "op": "replace", "value": { "active": false } }])).await, 409, None);
    refused(
        &provider.patch(&path, json!([{ "op": "replace", "path": "roles", "value": [{ "value": "viewer" }] }])).await,
        409,
        None,
    );
    // With the email would go the account.
    let email = json!([{ "op": "replace", "path": "emails", "value": [{ "value": "thief@one.example" }] }]);
    refused(&provider.patch(&path, email).await, 400, Some("mutability"));
    let id = provider.user("ada").await;
    let raise = json!([{ "op": "add", "path": "roles", "value": [{ "value": "owner" }] }]);
    refused(&provider.patch(&format!("/Users/{id}"), raise).await, 400, Some("invalidValue"));
    let body = json!({ "userName": "bob@one.example", "roles": [{ "value": "Owner" }] });
    refused(&provider.post("/Users", body).await, 400, Some("invalidValue"));
    let second = house.member(&owner, "owner").await;
    let path = format!("/Users/{}", house.member_id(&second).await);
    let demoted = json!([{ "op": "replace", "path": "roles", "value": "admin" }]);
    provider.patch(&path, demoted).await.expect_status(200);
    let owners: i64 = sqlx::query_scalar("select count(*) from members where role = 'owner'")
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap();
    assert_eq!(owners, 1);
}

#[tokio::test]
async fn a_user_without_an_email_is_kept_and_gets_one_later() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let made =
        provider.post("/Users", json!({ "schemas": [USER], "userName": "bjensen" })).await.expect_status(201).json();
    assert!(made.get("emails").is_none() && made["active"] == true);
    provider.post("/Users", json!({ "userName": "tmorris", "active": "False" })).await.expect_status(201);
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let email = json!([{ "op": "add", "path": "emails[type eq \"work\"].value", "value": "b@one.example" }]);
    provider.patch(&path, email).await.expect_status(200);
    let members = house.get("/v2/members").by(&owner).send().await.json();
    assert_eq!(members["data"][1]["email"], "b@one.example");
    assert!(members["data"][2]["email"].as_str().unwrap().ends_with("@no-email.invalid"));
    assert!(members["data"][2]["suspended_at"].is_string());
    // An email that is taken away is not taken from the account: somebody signs in with it.
    let gone = provider.patch(&path, json!([{ "op": "remove", "path": "emails" }])).await.expect_status(200).json();
    assert!(gone.get("emails").is_none());
    assert_eq!(house.get("/v2/members").by(&owner).send().await.json()["data"][1]["email"], "b@one.example");
}

#[tokio::test]
async fn user_names_are_unique_whatever_their_case_and_a_patch_is_whole_or_nothing() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let (provider, other) = (Provider::of(&house, &one).await, Provider::of(&house, &two).await);
    provider.post("/Users", json!({ "userName": "Jensen" })).await.expect_status(201);
    refused(&provider.post("/Users", json!({ "userName": "JENSEN" })).await, 409, Some("uniqueness"));
    other.post("/Users", json!({ "userName": "jensen" })).await.expect_status(201);
    let id = provider.user("ada").await;
    let path = format!("/Users/{id}");
    let before = provider.get(&path).await.json();
    let half = json!([
        { "op": "replace", "path": "title", "value": "Dr" },
        { "op": "replace", "path": "active", "value": false },
        { "op": "replace", "path": "userName", "value": "jensen" },
    ]);
    refused(&provider.patch(&path, half).await, 409, Some("uniqueness"));
    assert_eq!(provider.get(&path).await.json(), before);
    let own = json!([{ "op": "replace", "path": "userName", "value": "ADA@one.example" }]);
    assert_eq!(provider.patch(&path, own).await.expect_status(200).json()["userName"], "ADA@one.example");
}

#[tokio::test]
async fn suspended_on_the_page_is_inactive_for_the_provider() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let id = provider.user("ada").await;
    let path = format!("/Users/{id}");
    let gone = provider.patch(&path, json!([{ "op": "remove", "path": "active" }])).await.expect_status(200).json();
    assert!(gone.get("active").is_none());
    house.patch(&format!("/v2/members/{id}"), json!({ "suspended": true })).by(&owner).send().await.expect_status(200);
    assert_eq!(provider.get(&path).await.json()["active"], false);
    // Saying everything but whether they are active lets nobody in again.
    let put =
        provider.put(&path, json!({ "userName": "ada@one.example", "title": "Dr" })).await.expect_status(200).json();
    assert_eq!((&put["active"], &put["title"]), (&json!(false), &json!("Dr")));
    assert_eq!(put.get("displayName"), None::<&Value>, "a replacement replaces");
    provider.patch(&path, json!([{ "op": "remove", "path": "active" }])).await.expect_status(200);
    assert!(house.get("/v2/members").by(&owner).send().await.json()["data"][1]["suspended_at"].is_string());
}

#[tokio::test]
async fn a_token_that_an_administrator_made_touches_no_owner() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let second = house.member(&owner, "owner").await;
    let admin = house.member(&owner, "admin").await;
    let provider = Provider::of(&house, &admin).await;
    let path = format!("/Users/{}", house.member_id(&second).await);
    refused(&provider.delete(&path).await, 403, None);
    refused(&provider.patch(&path, json!([{ "op": "replace", "value": { "active": false } }])).await, 403, None);
    let demoted = json!([{ "op": "replace", "path": "roles", "value": "viewer" }]);
    refused(&provider.patch(&path, demoted).await, 403, None);
    // What the provider knows of an owner is kept all the same.
    let title = json!([{ "op": "replace", "path": "title", "value": "Founder" }]);
    provider.patch(&path, title).await.expect_status(200);
    house.get("/v2/members").by(&second).send().await.expect_status(200);
    let by_owner = Provider::of(&house, &owner).await;
    by_owner.delete(&path).await.expect_status(204);
}
