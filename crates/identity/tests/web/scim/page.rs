use serde_json::json;

use super::Provider;
use crate::support::House;

#[tokio::test]
async fn the_page_shows_the_address_makes_a_token_once_and_tells_what_arrived() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, csrf) = house.browser(&owner.email).await;
    let open = async || house.get("/settings/scim").header("cookie", &cookie).send().await.expect_status(200).body;
    let page = open().await;
    assert!(page.contains("http://127.0.0.1:8080/scim/v2</code>") && page.contains("Nothing arrived yet"), "{page}");
    let form = house.form("/settings/scim/tokens", "").header("cookie", &cookie).header("x-csrf-token", &csrf);
    let made = form.header("hx-request", "true").send().await.expect_status(200).body;
    let begin = made.find("rk_").unwrap();
    let key = made[begin..begin + 35].to_owned();
    assert!(!open().await.contains(&key));
    let provider = Provider { house: &house, key };
    provider.get("/Users?filter=userName%20eq%20%22secret-name%22").await.expect_status(200);
    provider.post("/Users", json!({ "userName": "" })).await.expect_status(400);
    let page = open().await;
    assert!(
        page.contains("GET /scim/v2/Users</code>") && page.contains("userName is required and not empty"),
        "{page}"
    );
    assert!(page.contains("1 refused") && !page.contains("secret-name"));
    let without = house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })).by(&owner).send().await.json();
    let other = Provider { house: &house, key: without["key"].as_str().unwrap().to_owned() };
    other.get("/Users").await.expect_status(403);
    assert!(open().await.contains("does not have the scope scim"));
}

#[tokio::test]
async fn fifty_requests_are_kept_and_those_of_others_are_not_shown() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let provider = Provider::of(&house, &one).await;
    for n in 0..53 {
        provider.get(&format!("/Users/number-{n}-")).await.expect_status(404);
    }
    let (cookie, _) = house.browser(&one.email).await;
    let page = house.get("/settings/scim").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(page.contains("number-52-") && page.contains("number-3-") && !page.contains("number-2-"));
    assert!(page.find("number-52-").unwrap() < page.find("number-51-").unwrap(), "newest first");
    let (cookie, _) = house.browser(&two.email).await;
    let page = house.get("/settings/scim").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(page.contains("Nothing arrived yet"));
}

#[tokio::test]
async fn only_who_manages_people_sees_it() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let (cookie, csrf) = house.browser(&agent.email).await;
    house.get("/settings/scim").header("cookie", &cookie).send().await.expect_status(403);
    let form = house.form("/settings/scim/tokens", "").header("cookie", &cookie).header("x-csrf-token", &csrf);
    form.send().await.expect_status(403);
}
