//! What a check of a credential and of a permission costs: no query.

use serde_json::json;

use crate::support::House;

/// Whether every check of a warm credential is answered with the database gone. A query would be answered with 503.
async fn answers_without_a_database() -> bool {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let viewer = house.member(&owner, "viewer").await;
    let made = house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })).by(&owner).send().await;
    let key = made.expect_status(201).json()["key"].as_str().expect("a key").to_owned();
    let (cookie, _) = house.browser(&viewer.email).await;
    let calls = || {
        let me = || house.get("/v2/auth/session");
        let refused = || house.get("/v2/keys");
        vec![
            (me().by(&owner), 200),
            (me().by(&viewer), 200),
            (me().bearer(&key), 200),
            (me().header("cookie", &cookie), 200),
            (refused().by(&viewer), 403),
            (refused().bearer(&key), 403),
            (refused().header("cookie", &cookie), 403),
        ]
    };
    for (call, status) in calls() {
        call.send().await.expect_status(status);
    }
    house.kernel.db.close().await;
    for (call, status) in calls() {
        if call.send().await.status.as_u16() != status {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn a_known_credential_and_its_permissions_are_checked_without_a_query() {
    // What is known is kept for less than a second: on a busy machine it may be over before it is asked for again.
    for _ in 0..5 {
        if answers_without_a_database().await {
            return;
        }
    }
    panic!("a check asked the database");
}
