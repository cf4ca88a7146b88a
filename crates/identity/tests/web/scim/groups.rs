use serde_json::json;

use super::{GROUP, Provider, encoded, members, refused};
use crate::support::House;

#[tokio::test]
async fn a_group_is_replaced_as_a_whole() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let (ada, bob) = (provider.user("ada").await, provider.user("bob").await);
    let id = provider.group("Sales", &[&ada]).await;
    let path = format!("/Groups/{id}");
    let body = json!({ "schemas": [GROUP], "id": "ignored", "displayName": "Support", "externalId": "g1", "members": [{ "value": bob }] });
    let put = provider.put(&path, body).await.expect_status(200).json();
    assert_eq!(
        (put["displayName"].as_str(), put["externalId"].as_str(), members(&put)),
        (Some("Support"), Some("g1"), vec![bob.clone()])
    );
    assert_eq!(
        put["members"][0],
        json!({ "value": bob, "type": "User", "$ref": format!("http://127.0.0.1:8080/scim/v2/Users/{bob}") })
    );
    assert_eq!(put, provider.get(&path).await.json());
    let bare = provider.put(&path, json!({ "displayName": "Support" })).await.expect_status(200).json();
    assert!(bare.get("externalId").is_none() && bare.get("members").is_none());
    refused(&provider.put(&path, json!({ "members": [] })).await, 400, Some("invalidValue"));
    let other = provider.group("Sales", &[]).await;
    refused(
        &provider.put(&format!("/Groups/{other}"), json!({ "displayName": "SUPPORT" })).await,
        409,
        Some("uniqueness"),
    );
}

#[tokio::test]
async fn every_form_of_a_patch_changes_the_members() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let (ada, bob, cid) = (provider.user("ada").await, provider.user("bob").await, provider.user("cid").await);
    let id = provider.group("Sales", &[]).await;
    let path = format!("/Groups/{id}");
    let after = async |operations| {
        provider.patch(&path, operations).await.expect_status(204);
        members(&provider.get(&path).await.json())
    };
    assert_eq!(after(json!([{ "op": "add", "value": { "members": [{ "value": ada }] } }])).await, [ada.as_str()]);
    assert_eq!(
        after(json!([{ "op": "ADD", "path": "members", "value": { "value": bob } }])).await,
        [ada.clone(), bob.clone()]
    );
    assert_eq!(
        after(json!([{ "op": "add", "path": format!("{GROUP}:members"), "value": [cid.as_str()] }])).await.len(),
        3
    );
    let two = format!("members[value eq \"{ada}\" or value eq \"{bob}\"]");
    assert_eq!(after(json!([{ "op": "remove", "path": two }])).await, [cid.as_str()]);
    assert_eq!(
        after(json!([{ "op": "replace", "value": { "members": [{ "value": ada }, { "value": ada }] } }])).await,
        [ada.as_str()]
    );
    assert_eq!(after(json!([{ "op": "remove", "path": "members[value eq \"nobody\"]" }])).await, [ada.as_str()]);
    let other_than = format!("members[type eq \"user\" and not (value eq \"{bob}\")]");
    assert_eq!(
        after(json!([{ "op": "add", "path": "members", "value": [bob] }, { "op": "remove", "path": other_than }]))
            .await,
        [bob.as_str()]
    );
    assert_eq!(after(json!([{ "op": "replace", "path": "members", "value": [] }])).await, [""; 0]);
    after(json!([{ "op": "add", "path": "members", "value": [ada, bob] }])).await;
    assert_eq!(after(json!([{ "op": "remove", "path": "members" }])).await, [""; 0]);
    let external = json!([{ "op": "replace", "path": "externalId", "value": "e" }]);
    let asked = provider.patch(&format!("{path}?attributes=displayName"), external).await.expect_status(200);
    assert_eq!(asked.json(), json!({ "schemas": [GROUP], "id": id, "displayName": "Sales" }));
}

#[tokio::test]
async fn what_a_group_cannot_be_is_refused_and_nothing_is_half_done() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let (provider, other) = (Provider::of(&house, &one).await, Provider::of(&house, &two).await);
    let (ada, stranger) = (provider.user("ada").await, house.member_id(&two).await);
    let id = provider.group("Sales", &[]).await;
    let path = format!("/Groups/{id}");
    let nested = other.group("Theirs", &[]).await;
    for (op, kind) in [
        (json!({ "op": "add", "path": "members", "value": [{ "value": stranger }] }), "invalidValue"),
        (json!({ "op": "add", "path": "members", "value": [{ "value": "nonsense" }] }), "invalidValue"),
        (json!({ "op": "add", "path": "members", "value": [{ "value": nested, "type": "Group" }] }), "invalidValue"),
        (json!({ "op": "remove", "path": "displayName" }), "mutability"),
        (json!({ "op": "replace", "path": "displayName", "value": "" }), "invalidValue"),
        (json!({ "op": "replace", "path": "members[value eq \"x\"].value", "value": "y" }), "mutability"),
        (json!({ "op": "replace", "path": "id", "value": "y" }), "mutability"),
        (json!({ "op": "add", "path": "colour", "value": "y" }), "invalidPath"),
        (json!({ "op": "remove" }), "noTarget"),
    ] {
        let reply = provider.patch(&path, json!([{ "op": "add", "path": "members", "value": [ada] }, op])).await;
        refused(&reply, 400, Some(kind));
    }
    assert!(provider.get(&path).await.json().get("members").is_none());
    for body in [json!({}), json!({ "displayName": "x", "members": [{ "value": stranger }] })] {
        refused(&provider.post("/Groups", body).await, 400, Some("invalidValue"));
    }
}

#[tokio::test]
async fn groups_are_found_by_what_they_are_and_whom_they_have() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let (ada, bob) = (provider.user("ada").await, provider.user("bob").await);
    let sales = provider.group("Sales", &[&ada, &bob]).await;
    provider.group("Support", &[&bob]).await;
    provider.group("Empty", &[]).await;
    let found = async |filter: &str| -> Vec<String> {
        let list = provider.get(&format!("/Groups?filter={}", encoded(filter))).await.expect_status(200).json();
        list["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["displayName"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(found("displayName eq \"SALES\"").await, ["Sales"]);
    assert_eq!(found("displayName sw \"s\" and displayName ne \"sales\"").await, ["Support"]);
    assert_eq!(found(&format!("id eq \"{sales}\"")).await, ["Sales"]);
    assert_eq!(found(&format!("members eq \"{ada}\"")).await, ["Sales"]);
    assert_eq!(found(&format!("members[value eq \"{bob}\"]")).await, ["Sales", "Support"]);
    assert_eq!(found(&format!("not (members.value eq \"{ada}\")")).await, ["Support", "Empty"]);
    assert_eq!(found("members pr").await, ["Sales", "Support"]);
    assert_eq!(found("displayName ew \"y\" or externalId pr").await, ["Empty"]);
    assert_eq!(found("meta.created gt \"2020-01-01T00:00:00Z\"").await.len(), 3);
    refused(&provider.get("/Groups?filter=userName%20pr").await, 400, Some("invalidFilter"));
    let page = provider.get("/Groups?count=1&startIndex=2").await.json();
    assert_eq!((page["totalResults"].as_i64(), &page["Resources"][0]["displayName"]), (Some(3), &json!("Support")));
    let user = provider.get(&format!("/Users/{bob}")).await.json();
    let names: Vec<_> =
        user["groups"].as_array().unwrap().iter().map(|group| group["display"].as_str().unwrap()).collect();
    assert_eq!(names, ["Sales", "Support"]);
    // Gone with its user.
    let version = provider.get(&format!("/Groups/{sales}")).await.json()["meta"]["version"].clone();
    provider.delete(&format!("/Users/{ada}")).await.expect_status(204);
    let group = provider.get(&format!("/Groups/{sales}")).await.json();
    assert_eq!(members(&group), [bob]);
    assert_ne!(group["meta"]["version"], version);
}
