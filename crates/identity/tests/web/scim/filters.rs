//! Filters through the database and in memory: the same answers, and nothing of theirs becomes SQL.

use serde_json::json;

use super::{ENTERPRISE, Provider, encoded, refused};
use crate::support::House;

#[tokio::test]
async fn what_the_database_decides_and_what_memory_decides_agree() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    for (name, title, department, active) in
        [("ada", "Dr", "Sales", true), ("bob", "", "Sales", false), ("cid", "Prof", "Support", true)]
    {
        let body = json!({
            "userName": name, "externalId": name.to_uppercase(), "displayName": format!("The {name}"), "title": title, "active": active,
            "emails": [{ "value": format!("{name}@work.example"), "type": "work", "primary": true }, { "value": format!("{name}@home.example"), "type": "home" }],
            ENTERPRISE: { "department": department },
        });
        provider.post("/Users", body).await.expect_status(201);
    }
    let in_sales = format!(r#"{ENTERPRISE}:department eq "sales" and active eq true"#);
    let not_in_sales = format!(r#"not ({ENTERPRISE}:department eq "sales") and externalId pr"#);
    for (filter, found) in [
        (r#"userName eq "ADA""#, vec!["ada"]),
        (r#"userName ne "ada" and userName ne "owner@one.example""#, vec!["bob", "cid"]),
        (r#"userName co "o""#, vec!["owner@one.example", "bob"]),
        (r#"userName sw "c" or userName ew "b""#, vec!["bob", "cid"]),
        (r#"externalId eq "ada""#, vec![]),
        (r#"externalId eq "ADA""#, vec!["ada"]),
        ("externalId pr", vec!["ada", "bob", "cid"]),
        ("not (externalId pr)", vec!["owner@one.example"]),
        (r#"externalId ne "ADA""#, vec!["owner@one.example", "bob", "cid"]),
        (r#"displayName eq "the CID""#, vec!["cid"]),
        (r#"displayName eq "Olive Owner""#, vec!["owner@one.example"]),
        ("active eq false", vec!["bob"]),
        (r#"active eq "True" and externalId pr"#, vec!["ada", "cid"]),
        ("not (active eq true)", vec!["bob"]),
        (r#"emails eq "BOB@home.example""#, vec!["bob"]),
        (r#"emails.value eq "owner@one.example""#, vec!["owner@one.example"]),
        (r#"emails[type eq "work"].value eq "bob@home.example""#, vec![]),
        (r#"emails[type eq "home"].value eq "bob@home.example""#, vec!["bob"]),
        (r#"emails[type eq "home" and value sw "c"]"#, vec!["cid"]),
        (r#"not (emails co "home")"#, vec!["owner@one.example"]),
        (r#"title eq "dr" or title eq "prof""#, vec!["ada", "cid"]),
        ("title pr", vec!["ada", "cid"]),
        (in_sales.as_str(), vec!["ada"]),
        (not_in_sales.as_str(), vec!["cid"]),
        (r#"(userName eq "ada" or userName eq "bob") and active eq false"#, vec!["bob"]),
        (r#"userName eq "ada" or userName eq "bob" and active eq true"#, vec!["ada"]),
        ("urn:example:thing:colour pr", vec![]),
        ("urn:example:thing:colour pr or userName eq \"ada\"", vec!["ada"]),
        (r#"id eq "nonsense""#, vec![]),
        (r#"userName eq "a\u0000b""#, vec![]),
        ("userName pr and meta.created gt \"2020-01-01T00:00:00Z\"", vec!["owner@one.example", "ada", "bob", "cid"]),
    ] {
        assert_eq!(provider.found(filter).await, found, "{filter}");
    }
    let page = provider.get(&format!("/Users?count=1&startIndex=2&filter={}", encoded("title pr"))).await.json();
    assert_eq!((page["totalResults"].as_i64(), &page["Resources"][0]["userName"]), (Some(2), &json!("cid")));
    let body = json!({ "filter": "title pr", "attributes": ["userName"], "count": 1 });
    let search = provider.post("/Users/.search", body).await.expect_status(200).json();
    assert_eq!((search["totalResults"].as_i64(), search["Resources"][0].as_object().unwrap().len()), (Some(2), 3));
}

#[tokio::test]
async fn a_filter_is_a_value_and_never_sql() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let provider = Provider::of(&house, &one).await;
    for evil in [
        "x' or '1'='1",
        "x'; drop table members; --",
        "x\" or userName pr or userName eq \"",
        "%' union select password_hash from users --",
        "\\",
        "$1",
        "{0}",
        "x') or (true",
        "owner@two.example",
        two.org.as_str(),
    ] {
        let quoted = serde_json::Value::from(evil).to_string();
        for attribute in
            ["userName", "externalId", "displayName", "id", "emails.value", "emails[type eq \"work\"].value", "title"]
        {
            for op in ["eq", "co", "sw", "ew", "gt"] {
                let seen = provider.found(&format!("{attribute} {op} {quoted}")).await;
                // Everything may be greater than a word; nothing is equal to it.
                assert!(op == "gt" || seen.is_empty(), "{attribute} {op} {quoted}: {seen:?}");
                assert!(!seen.iter().any(|name| name.contains("two")), "{seen:?}");
            }
        }
    }
    assert_eq!(provider.found("userName pr").await, ["owner@one.example"]);
    assert_eq!(provider.found("userName co \"%\" or userName co \"_\"").await, [""; 0], "no wildcards");
}

#[tokio::test]
async fn nonsense_is_an_invalid_filter() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let provider = Provider::of(&house, &owner).await;
    let long = format!("userName eq \"{}\"", "x".repeat(9_000));
    let deep = format!("{}userName pr{}", "(".repeat(40), ")".repeat(40));
    for filter in [
        "userName",
        "userName eq",
        "userName is \"x\"",
        "colour eq \"x\"",
        "(userName pr",
        "members pr",
        "userName eq 'x y'",
        long.as_str(),
        deep.as_str(),
    ] {
        let reply = provider.get(&format!("/Users?filter={}", encoded(filter))).await;
        refused(&reply, 400, Some("invalidFilter"));
    }
    refused(&provider.get("/Users?count=ten").await, 400, Some("invalidValue"));
    refused(&provider.get("/Users?filter=%FF").await, 400, Some("invalidSyntax"));
    refused(&provider.post("/Users/.search", json!({ "filter": 7 })).await, 400, Some("invalidFilter"));
    provider.get("/Users?sortBy=userName&sortOrder=descending&unknown=%20").await.expect_status(200);
}
