use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{House, Reply};

async fn refresh(house: &House, token: &str) -> Reply {
    house.post("/v2/auth/refresh", json!({ "refresh_token": token })).send().await
}

fn text(body: &Value, field: &str) -> String {
    body[field].as_str().expect(field).to_owned()
}

#[tokio::test]
async fn a_refresh_token_gives_the_next_pair_and_the_old_access_token_ends_by_itself() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    house.advance(Duration::minutes(16));
    house.get("/v2/auth/session").by(&owner).send().await.expect_status(401);
    let next = refresh(&house, &owner.refresh).await.expect_status(200).json();
    assert_ne!(next["refresh_token"], owner.refresh.as_str());
    assert_eq!(next["org"]["id"], owner.org.as_str());
    house.get("/v2/auth/session").bearer(&text(&next, "access_token")).send().await.expect_status(200);
}

#[tokio::test]
async fn a_token_used_twice_ends_the_whole_family() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let next = refresh(&house, &owner.refresh).await.expect_status(200).json();
    refresh(&house, &owner.refresh).await.expect_status(401);
    refresh(&house, &text(&next, "refresh_token")).await.expect_status(401);
    house.get("/v2/auth/session").bearer(&text(&next, "access_token")).send().await.expect_status(401);
    let owner = house.login(&owner.email).await;
    let log = house.get("/v2/audit-log?action=refresh").by(&owner).send().await.expect_status(200).json();
    assert_eq!(log["data"][0]["action"], "refresh.reused");
}

#[tokio::test]
async fn of_many_requests_with_one_token_one_wins_and_its_pair_works() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    // All of them see the token unused before any of them uses it up: holding its row makes them wait side by side.
    let mut holder = house.db.owner().await;
    sqlx::query("begin").execute(&mut holder).await.unwrap();
    sqlx::query("select from refresh_tokens for update").execute(&mut holder).await.unwrap();
    let calls: Vec<_> = (0..5)
        .map(|_| tokio::spawn(house.post("/v2/auth/refresh", json!({ "refresh_token": owner.refresh })).send()))
        .collect();
    kernel::testing::until("five requests to wait for the token", || async {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap();
        (waiting == 5).then_some(())
    })
    .await;
    sqlx::query("commit").execute(&mut holder).await.unwrap();
    let mut won = Vec::new();
    for call in calls {
        let reply = call.await.unwrap();
        if reply.status.as_u16() == 200 {
            won.push(reply.json());
        } else {
            reply.expect_status(401);
        }
    }
    assert_eq!(won.len(), 1);
    house.get("/v2/auth/session").bearer(&text(&won[0], "access_token")).send().await.expect_status(200);
    refresh(&house, &text(&won[0], "refresh_token")).await.expect_status(200);
}

#[tokio::test]
async fn a_token_ends_after_a_week_and_nonsense_is_refused() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    refresh(&house, "rr_nonsense").await.expect_status(401);
    refresh(&house, "").await.expect_status(401);
    house.advance(Duration::days(7));
    refresh(&house, &owner.refresh).await.expect_status(401);
}

#[tokio::test]
async fn signing_out_ends_the_refresh_tokens_too() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    house.delete("/v2/auth/session").by(&owner).send().await.expect_status(204);
    house.get("/v2/auth/session").by(&owner).send().await.expect_status(401);
    refresh(&house, &owner.refresh).await.expect_status(401);
}
