//! The parts of the protocol that every client meets: versions, projections, discovery, errors.

use axum::http::Method;
use serde_json::json;

use super::{Provider, encoded, refused};
use crate::support::House;

#[tokio::test]
async fn versions_keep_changes_from_overwriting_one_another() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    for (path, field) in [
        (format!("/Users/{}", provider.user("ada").await), "title"),
        (format!("/Groups/{}", provider.group("Sales", &[]).await), "externalId"),
    ] {
        let seen = provider.get(&path).await.expect_status(200);
        let version = seen.headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(version, seen.json()["meta"]["version"].as_str().unwrap());
        let again = provider.call(Method::GET, &path).header("if-none-match", &version).send().await.expect_status(304);
        assert!(again.body.is_empty() && again.headers["etag"] == version.as_str());
        let patch = async |value: &str, version: &str| {
            let body = json!({ "Operations": [{ "op": "replace", "path": field, "value": value }] });
            provider.call(Method::PATCH, &path).json(&body).header("if-match", version).send().await
        };
        // Two who read the same: one of them wins, whoever comes first.
        let (one, two) = tokio::join!(patch("one", &version), patch("two", &version));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert!(statuses == [200, 412] || statuses == [204, 412], "{statuses:?}");
        refused(&patch("late", &version).await, 412, None);
        let gone = provider.call(Method::DELETE, &path).header("if-match", &version).send().await;
        refused(&gone, 412, None);
        let now = provider.call(Method::GET, &path).header("if-none-match", &version).send().await.expect_status(200);
        assert!(matches!(now.json()[field].as_str(), Some("one" | "two")));
        assert!(patch("three", "*").await.status.is_success());
        let now = provider.get(&path).await.json()["meta"]["version"].as_str().unwrap().to_owned();
        provider.call(Method::DELETE, &path).header("if-match", &now).send().await.expect_status(204);
    }
}

#[tokio::test]
async fn changes_of_many_at_once_are_all_there_in_the_end() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let user = provider.user("ada").await;
    let path = format!("/Users/{user}");
    let add = |n: usize| {
        let value = json!([{ "value": format!("{n}"), "type": format!("t{n}") }]);
        provider.patch(&path, json!([{ "op": "add", "path": "phoneNumbers", "value": value }]))
    };
    let calls = [add(0), add(1), add(2), add(3), add(4), add(5)];
    for reply in futures_util::future::join_all(calls).await {
        reply.expect_status(200);
    }
    assert_eq!(provider.get(&path).await.json()["phoneNumbers"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn attributes_are_chosen_and_left_out_everywhere() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let id = provider.user("ada").await;
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let one = provider.get(&format!("/Users/{id}?attributes=userName,emails.value")).await.expect_status(200).json();
    assert_eq!(keys(&one), ["emails", "id", "schemas", "userName"]);
    assert_eq!(one["emails"], json!([{ "value": "ada@one.example" }]));
    let list =
        provider.get("/Users?excludedAttributes=emails,meta,name,displayName,active").await.expect_status(200).json();
    assert!(
        list["Resources"].as_array().unwrap().iter().all(|user| keys(user) == ["id", "schemas", "userName"]),
        "{list}"
    );
    let made = provider.post("/Users?attributes=active", json!({ "userName": "bob" })).await.expect_status(201);
    assert_eq!(keys(&made.json()), ["active", "id", "schemas"]);
    assert!(made.headers.contains_key("location") && made.headers.contains_key("etag"));
}

#[tokio::test]
async fn a_search_of_everything_lists_users_then_groups() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let user = provider.user("sales").await;
    provider.group("Sales", &[&user]).await;
    let search = async |body| provider.post("/.search", body).await.expect_status(200).json();
    let all = search(json!({})).await;
    let kinds: Vec<_> =
        all["Resources"].as_array().unwrap().iter().map(|one| one["meta"]["resourceType"].as_str().unwrap()).collect();
    assert_eq!((all["totalResults"].as_i64(), kinds), (Some(3), vec!["User", "User", "Group"]));
    assert_eq!(search(json!({ "filter": "displayName eq \"sales\"" })).await["totalResults"], 2);
    assert_eq!(search(json!({ "filter": "userName pr" })).await["totalResults"], 2);
    let window = search(json!({ "startIndex": 2, "count": 2 })).await;
    assert_eq!((window["totalResults"].as_i64(), window["itemsPerPage"].as_i64()), (Some(3), Some(2)));
    assert_eq!(window["Resources"][1]["displayName"], "Sales");
}

#[tokio::test]
async fn the_server_says_what_it_can() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let config = provider.get("/ServiceProviderConfig").await.expect_status(200);
    assert_eq!(config.headers["content-type"], "application/scim+json");
    let config = config.json();
    let supported = |name: &str| config[name]["supported"].as_bool().unwrap();
    assert!(supported("patch") && supported("filter") && supported("etag"));
    assert!(!supported("bulk") && !supported("sort") && !supported("changePassword"));
    let kinds = provider.get("/ResourceTypes").await.expect_status(200).json();
    assert_eq!(kinds["totalResults"], 2);
    provider.get("/ResourceTypes/Group").await.expect_status(200);
    refused(&provider.get("/ResourceTypes/Thing").await, 404, None);
    for schema in provider.get("/Schemas").await.expect_status(200).json()["Resources"].as_array().unwrap() {
        let one = provider.get(&format!("/Schemas/{}", schema["id"].as_str().unwrap())).await.expect_status(200).json();
        assert_eq!(&one, schema);
    }
    refused(&provider.post("/Bulk", json!({ "Operations": [] })).await, 501, None);
    refused(&provider.get("/Me").await, 501, None);
    refused(&provider.get("/Nothing").await, 404, None);
    refused(&provider.call(Method::DELETE, "/Schemas").send().await, 405, None);
}

#[tokio::test]
async fn bodies_that_are_none_are_refused_in_its_shape() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let post = |body: &str, kind: &str| {
        let mut call = provider.call(Method::POST, "/Users").header("content-type", kind);
        call.body = body.to_owned();
        call.send()
    };
    for body in ["", "{", "[]", "\"x\"", "{\"userName\": }"] {
        refused(&post(body, "application/scim+json").await, 400, Some("invalidSyntax"));
    }
    refused(&post("userName=x", "application/x-www-form-urlencoded").await, 415, None);
    refused(&post("{}", "application/scim+json; charset=utf-8").await, 400, Some("invalidValue"));
    refused(&post("{\"userName\": \"a\\u0000b\"}", "application/json").await, 400, Some("invalidValue"));
    refused(&post("{\"userName\": 7, \"title\": {}}", "text/json").await, 400, Some("invalidValue"));
    let large = format!("{{\"userName\": \"x\", \"title\": \"{}\"}}", "x".repeat(9 << 20));
    refused(&post(&large, "application/scim+json").await, 413, None);
    let members = encoded("x");
    refused(&provider.patch(&format!("/Users/{members}"), json!([])).await, 404, None);
}

#[tokio::test]
async fn rate_limits_ids_and_security_headers_are_those_of_the_house() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let reply =
        provider.call(Method::GET, "/Users").header("x-request-id", "from-okta-1").send().await.expect_status(200);
    assert_eq!(reply.headers["x-request-id"], "from-okta-1");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    assert_eq!(reply.headers["cache-control"], "private, no-store");
    // A key has its share of what the organisation may ask.
    assert_eq!(reply.headers["ratelimit-limit"], "6000");
}
