//! The requests of Microsoft Entra, in the shape in which it sends them.

use serde_json::json;

use super::{ENTERPRISE, Provider, USER, encoded, members, refused};
use crate::support::House;

#[tokio::test]
async fn the_connection_is_tested_and_a_user_provisioned() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let entra = Provider::of(&house, &owner).await;
    let test = entra.get("/Users?aadOptscim062020&filter=userName+eq+%224e0a6a2e-b6a5-4a0c-a5f3-2f0f5fc0b1a9%22").await;
    assert_eq!(test.expect_status(200).json()["totalResults"], 0);
    let body = json!({
        "schemas": [USER, ENTERPRISE], "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "Ada.L@one.example",
        "active": true, "emails": [{ "primary": true, "type": "work", "value": "Ada.L@one.example" }],
        "meta": { "resourceType": "User" }, "name": { "formatted": "Ada L", "familyName": "L", "givenName": "Ada" },
        "roles": [], ENTERPRISE: { "department": "Sales" },
    });
    let user = entra.post("/Users", body).await.expect_status(201).json();
    let id = user["id"].as_str().unwrap();
    assert_eq!(
        (&user["userName"], &user["emails"][0]["value"]),
        (&json!("Ada.L@one.example"), &json!("Ada.L@one.example")),
        "exactly as sent"
    );
    assert_eq!(user["schemas"], json!([USER, ENTERPRISE]));
    for filter in [
        r#"userName eq "ada.l@ONE.example""#,
        r#"externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef""#,
        "externalId eq 0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        r#"emails[type eq "work"].value eq "ada.l@one.example""#,
        r#"userName eq "ada.l@one.example" and active eq true"#,
    ] {
        assert_eq!(entra.found(filter).await, ["Ada.L@one.example"], "{filter}");
    }
    let path = format!("/Users/{id}");
    let changes = json!([
        { "op": "Replace", "path": "displayName", "value": "Ada Byron" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ada.b@one.example" },
        { "op": "Add", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "701984" },
        { "op": "Replace", "value": { "name.familyName": "Byron", format!("{ENTERPRISE}:department"): "Marketing" } },
        { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "agent" },
    ]);
    let patched = entra.patch(&path, changes).await.expect_status(200).json();
    assert_eq!(patched[ENTERPRISE], json!({ "department": "Marketing", "employeeNumber": "701984" }));
    assert_eq!((&patched["name"]["familyName"], &patched["name"]["givenName"]), (&json!("Byron"), &json!("Ada")));
    let member = &house.get("/v2/members").by(&owner).send().await.json()["data"][1];
    assert_eq!(
        (member["email"].as_str(), member["role"].as_str(), member["name"].as_str()),
        (Some("ada.b@one.example"), Some("agent"), Some("Ada Byron"))
    );
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    assert_eq!(entra.patch(&path, off).await.expect_status(200).json()["active"], false);
    assert_eq!(entra.found(r#"userName eq "ada.l@one.example""#).await.len(), 1, "a soft-deleted user stays readable");
    entra.delete(&path).await.expect_status(204);
    refused(&entra.get(&path).await, 404, None);
    refused(&entra.delete(&path).await, 404, None);
}

#[tokio::test]
async fn groups_come_with_a_schema_of_their_own_and_members_are_removed_by_listing_them() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let entra = Provider::of(&house, &owner).await;
    let (ada, bob) = (entra.user("ada").await, entra.user("bob").await);
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "Sales", "meta": { "resourceType": "Group" },
    });
    let group = entra.post("/Groups", body.clone()).await.expect_status(201).json();
    let path = format!("/Groups/{}", group["id"].as_str().unwrap());
    refused(&entra.post("/Groups", body).await, 409, Some("uniqueness"));
    let found =
        entra.get(&format!("/Groups?excludedAttributes=members&filter={}", encoded("displayName eq \"sales\""))).await;
    let found = found.expect_status(200).json();
    assert_eq!((found["totalResults"].as_i64(), &found["Resources"][0]["id"]), (Some(1), &group["id"]));
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": ada }, { "$ref": null, "value": bob }] }]);
    let answer = entra.patch(&path, add.clone()).await.expect_status(204);
    assert!(answer.body.is_empty());
    let version = entra.get(&path).await.json()["meta"]["version"].clone();
    entra.patch(&path, add).await.expect_status(204);
    assert_eq!(entra.get(&path).await.json()["meta"]["version"], version, "what changes nothing is no change");
    let remove = json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": ada }] }]);
    entra.patch(&path, remove).await.expect_status(204);
    assert_eq!(members(&entra.get(&path).await.json()), [bob.as_str()]);
    let without = entra.get(&format!("{path}?excludedAttributes=members")).await.expect_status(200).json();
    assert!(without.get("members").is_none() && without["displayName"] == "Sales");
    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "Sales EMEA" }]);
    entra.patch(&path, rename).await.expect_status(204);
    entra
        .patch(&path, json!([{ "op": "Remove", "path": format!("members[value eq \"{bob}\"]") }]))
        .await
        .expect_status(204);
    let emptied = entra.get(&path).await.json();
    assert_eq!((emptied["displayName"].as_str(), members(&emptied).len()), (Some("Sales EMEA"), 0));
}
