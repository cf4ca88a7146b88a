//! The requests of Okta, in the shape in which it sends them.

use serde_json::json;

use super::{GROUP, Provider, USER, members, refused};
use crate::support::House;

#[tokio::test]
async fn a_user_is_looked_for_made_changed_and_deactivated() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let okta = Provider::of(&house, &owner).await;
    let look = "/Users?filter=userName%20eq%20%22ada%40one.example%22&startIndex=1&count=100";
    let none = okta.get(look).await.expect_status(200).json();
    assert_eq!((none["totalResults"].as_i64(), &none["Resources"]), (Some(0), &json!([])));
    let body = json!({
        "schemas": [USER], "userName": "ada@one.example", "name": { "givenName": "Ada", "familyName": "Lovelace" },
        "emails": [{ "primary": true, "value": "ada@one.example", "type": "work" }], "displayName": "Ada Lovelace",
        "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": true,
    });
    let made = okta.post("/Users", body.clone()).await.expect_status(201);
    let user = made.json();
    let id = user["id"].as_str().unwrap();
    assert_eq!(made.headers["location"].to_str().unwrap(), format!("http://127.0.0.1:8080/scim/v2/Users/{id}"));
    assert_eq!(made.headers["etag"].to_str().unwrap(), user["meta"]["version"].as_str().unwrap());
    assert_eq!(
        (&user["externalId"], &user["active"], &user["locale"]),
        (&json!("00ujl29u0le5T6Aj10h7"), &json!(true), &json!("en-US"))
    );
    assert!(user.get("password").is_none() && !made.body.contains("1mz050nq"));
    assert_eq!(okta.get(look).await.json()["Resources"][0]["id"], id);
    refused(&okta.post("/Users", body.clone()).await, 409, Some("uniqueness"));

    let mut changed = body;
    changed["name"]["familyName"] = json!("King");
    changed["displayName"] = json!("Ada King");
    changed["id"] = json!(id);
    let put = okta.put(&format!("/Users/{id}"), changed.clone()).await.expect_status(200).json();
    assert_eq!(put["name"]["familyName"], "King");
    assert_ne!(put["meta"]["version"], user["meta"]["version"]);
    let list = house.get("/v2/members").by(&owner).send().await.json();
    assert_eq!((&list["data"][1]["name"], &list["data"][1]["role"]), (&json!("Ada King"), &json!("viewer")));

    let off = json!([{ "op": "replace", "value": { "active": false } }]);
    let patched = okta.patch(&format!("/Users/{id}"), off).await.expect_status(200).json();
    assert_eq!(patched["active"], false);
    assert_eq!(okta.get(&format!("/Users/{id}")).await.expect_status(200).json()["active"], false);
    changed["active"] = json!(true);
    let on = okta.put(&format!("/Users/{id}"), changed).await.expect_status(200).json();
    assert_eq!(on["active"], true);
}

#[tokio::test]
async fn groups_are_pushed_renamed_with_their_id_and_unlinked() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let okta = Provider::of(&house, &owner).await;
    let (ada, bob) = (okta.user("ada").await, okta.user("bob").await);
    let made = okta.post("/Groups", json!({ "schemas": [GROUP], "displayName": "Sales", "members": [{ "value": ada, "display": "ada@one.example" }] }));
    let id = made.await.expect_status(201).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/Groups/{id}");
    let rename = json!([{ "op": "replace", "value": { "id": id, "displayName": "Sales EMEA" } }]);
    okta.patch(&path, rename).await.expect_status(204);
    let swap = json!([
        { "op": "remove", "path": format!("members[value eq \"{ada}\"]") },
        { "op": "add", "path": "members", "value": [{ "value": bob, "display": "bob@one.example" }] },
    ]);
    okta.patch(&path, swap).await.expect_status(204);
    let group = okta.get(&path).await.expect_status(200).json();
    assert_eq!((group["displayName"].as_str(), members(&group)), (Some("Sales EMEA"), vec![bob.clone()]));
    assert_eq!(group["members"][0]["display"], "bob@one.example", "kept as it was sent");
    let push = json!([{ "op": "replace", "path": "members", "value": [{ "value": ada }, { "value": bob }] }]);
    okta.patch(&path, push).await.expect_status(204);
    let user = okta.get(&format!("/Users/{ada}")).await.json();
    assert_eq!((&user["groups"][0]["value"], &user["groups"][0]["display"]), (&json!(id), &json!("Sales EMEA")));
    assert_eq!(house.get("/v2/teams").by(&owner).send().await.json()["data"][0]["size"], 2);
    okta.delete(&path).await.expect_status(204);
    refused(&okta.get(&path).await, 404, None);
    okta.get(&format!("/Users/{ada}")).await.expect_status(200);
}

#[tokio::test]
async fn pages_of_a_hundred_follow_one_another() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let okta = Provider::of(&house, &owner).await;
    for name in ["a", "b", "c", "d"] {
        okta.user(name).await;
    }
    let (mut start, mut seen) = (1, Vec::new());
    loop {
        let page = okta.get(&format!("/Users?startIndex={start}&count=2")).await.expect_status(200).json();
        assert_eq!((page["totalResults"].as_u64(), page["startIndex"].as_u64()), (Some(5), Some(start)));
        let users = page["Resources"].as_array().unwrap();
        assert_eq!(page["itemsPerPage"], users.len());
        if users.is_empty() {
            break;
        }
        start += users.len() as u64;
        seen.extend(users.iter().map(|user| user["userName"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, ["owner@one.example", "a@one.example", "b@one.example", "c@one.example", "d@one.example"]);
    let totals = okta.get("/Users?count=0").await.expect_status(200).json();
    assert_eq!((totals["totalResults"].as_i64(), &totals["Resources"]), (Some(5), &json!([])));
}
