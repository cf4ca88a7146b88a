//! Keys without the scope, ids of others, ended keys, and who may give the scope.

use axum::http::Method;
use serde_json::json;

use super::{Provider, refused};
use crate::support::House;

const ROUTES: [(Method, &str); 18] = [
    (Method::GET, "/ServiceProviderConfig"),
    (Method::GET, "/ResourceTypes"),
    (Method::GET, "/ResourceTypes/User"),
    (Method::GET, "/Schemas"),
    (Method::GET, "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
    (Method::GET, "/Users"),
    (Method::POST, "/Users"),
    (Method::POST, "/Users/.search"),
    (Method::GET, "/Users/{user}"),
    (Method::PUT, "/Users/{user}"),
    (Method::PATCH, "/Users/{user}"),
    (Method::DELETE, "/Users/{user}"),
    (Method::POST, "/.search"),
    (Method::GET, "/Groups"),
    (Method::GET, "/Groups/{group}"),
    (Method::PUT, "/Groups/{group}"),
    (Method::PATCH, "/Groups/{group}"),
    (Method::DELETE, "/Groups/{group}"),
];

#[tokio::test]
async fn only_a_key_with_the_scope_gets_in() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let (user, group) = (provider.user("ada").await, provider.group("Sales", &[]).await);
    let every: Vec<&str> = vec![
        "view",
        "reply",
        "run_reports",
        "export",
        "manage_channels",
        "manage_people",
        "erase_personal_data",
        "billing",
    ];
    let made =
        house.post("/v2/keys", json!({ "name": "k", "scopes": every })).by(&owner).send().await.expect_status(201);
    let without = made.json()["key"].as_str().unwrap().to_owned();
    let (cookie, csrf) = house.browser(&owner.email).await;
    for (method, path) in ROUTES {
        let path = path.replace("{user}", &user).replace("{group}", &group);
        let call = || provider.call(method.clone(), &path).json(&json!({}));
        refused(&call().bearer(&without).send().await, 403, None);
        // An owner has every permission of people, and provisioning is none of them.
        refused(&call().bearer(&owner.access).send().await, 403, None);
        for nonsense in ["rk_nonsense", "nonsense", "a.b.c"] {
            let reply = call().bearer(nonsense).send().await;
            refused(&reply, 401, None);
            assert_eq!(reply.headers["www-authenticate"], "Bearer realm=\"SCIM\"");
        }
        let mut as_browser = call().header("cookie", &cookie).header("x-csrf-token", &csrf);
        as_browser = as_browser.without("authorization");
        refused(&as_browser.send().await, 403, None);
        refused(&call().without("authorization").send().await, 401, None);
    }
    provider.get(&format!("/Users/{user}")).await.expect_status(200);
    provider.get(&format!("/Groups/{group}")).await.expect_status(200);
}

#[tokio::test]
async fn the_key_of_a_provider_opens_nothing_else() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    for path in ["/v2/members", "/v2/teams", "/v2/keys", "/v2/audit-log", "/settings/people", "/settings/scim"] {
        house.get(path).bearer(&provider.key).send().await.expect_status(403);
    }
}

#[tokio::test]
async fn what_another_organisation_has_does_not_exist() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let (ours, theirs) = (Provider::of(&house, &one).await, Provider::of(&house, &two).await);
    let (user, group) = (ours.user("ada").await, ours.group("Sales", &[]).await);
    for (method, path) in ROUTES.into_iter().filter(|(_, path)| path.contains('{')) {
        let path = path.replace("{user}", &user).replace("{group}", &group);
        refused(
            &theirs
                .send(
                    method,
                    &path,
                    &json!({ "userName": "x", "displayName": "x", "Operations": [{ "op": "add", "value": {} }] }),
                )
                .await,
            404,
            None,
        );
    }
    for path in [
        "/Users",
        "/Groups",
        &format!("/Users?filter=id%20eq%20%22{user}%22"),
        &format!("/Groups?filter=id%20eq%20%22{group}%22"),
    ] {
        let seen = theirs.get(path).await.expect_status(200).body;
        assert!(!seen.contains(&user) && !seen.contains(&group) && !seen.contains("ada"), "{seen}");
    }
    for id in ["nonsense", "member_", "%00", "..%2F..%2Fv2%2Fmembers", &group] {
        assert_eq!(ours.get(&format!("/Users/{id}")).await.status.as_u16(), 404, "{id}");
    }
}

#[tokio::test]
async fn a_key_that_ended_or_whose_maker_is_suspended_is_nobody() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let provider = Provider::of(&house, &admin).await;
    provider.get("/Users").await.expect_status(200);
    let member = format!("/v2/members/{}", house.member_id(&admin).await);
    house.patch(&member, json!({ "suspended": true })).by(&owner).send().await.expect_status(200);
    refused(&provider.get("/Users").await, 401, None);
    house.patch(&member, json!({ "suspended": false, "role": "agent" })).by(&owner).send().await.expect_status(200);
    // An agent does not manage people, and neither does their key.
    refused(&provider.get("/Users").await, 403, None);
    let provider = Provider::of(&house, &owner).await;
    let id = house.get("/v2/keys").by(&owner).send().await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    house.delete(&format!("/v2/keys/{id}")).by(&owner).send().await.expect_status(204);
    refused(&provider.get("/Users").await, 401, None);
}

#[tokio::test]
async fn who_does_not_manage_people_gives_no_key_the_scope() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let body = json!({ "name": "k", "scopes": ["scim"] });
    let agent = house.member(&owner, "agent").await;
    house.post("/v2/keys", body.clone()).by(&agent).send().await.expect_status(403);
    let admin = house.member(&owner, "admin").await;
    house.post("/v2/keys", body).by(&admin).send().await.expect_status(201);
}
