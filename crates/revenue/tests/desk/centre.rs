//! The command centre: what it costs, what to do, what happened since somebody last looked.

use axum::http::Method;
use chrono::Duration;
use connectors::signal::{Signal, SignalKind};
use shell::Role;

use super::support::House;

#[tokio::test]
async fn the_page_says_what_it_costs_and_where() {
    let house = House::full().await;
    let page = house.page("/").await.text;
    for part in ["Revenue at risk", "a month", "Recovered, 30 days", "Downtown", "What to do next", "Response velocity"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let told = house.web.get(&house.token(Role::Viewer), "/v2/command-centre").await.json();
    assert_eq!(told["scores"].as_array().map(Vec::len), Some(5), "{told}");
    let first = &told["actions"][0];
    assert!(first["at_stake_minor"].as_i64().is_some_and(|stake| stake > 0), "{told}");
    for part in ["/command-centre/said", "/command-centre/scores", "/command-centre/actions"] {
        assert!(!house.page(part).await.text.contains("<html"), "{part} is a part of the page");
    }
}

#[tokio::test]
async fn a_play_is_started_with_one_click_by_whoever_may_and_taken_back() {
    let house = House::full().await;
    let viewer = house.page("/").await.text;
    assert!(!viewer.contains("hx-post=\"/command-centre/"), "a viewer approves nothing");
    let admin = house.token(Role::Admin);
    let page = house.web.browse(&admin, "/").await.text;
    assert!(page.contains("hx-post=\"/command-centre/plays/respond\""), "{page}");
    let path = "/command-centre/plays/respond";
    assert_eq!(house.web.submit(&house.token(Role::Agent), Method::POST, path, "").await.status, 403);
    let done = house.web.submit(&admin, Method::POST, path, "").await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(done.header("hx-trigger").contains("\"DELETE\"") && done.text.contains("approved"), "{}", done.text);
    let plays = house.web.get(&admin, "/v2/plays").await.json();
    let runs = |plays: &serde_json::Value| {
        plays["data"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|play| play["play"] == "slow_reply" && play["enabled"] == true)
    };
    assert!(runs(&plays), "{plays}");
    assert_eq!(house.web.submit(&admin, Method::POST, path, "").await.status, 409, "once");
    let undone = house.web.submit(&admin, Method::DELETE, path, "").await;
    assert_eq!(undone.status, 200, "{}", undone.text);
    assert!(!runs(&house.web.get(&admin, "/v2/plays").await.json()));
    assert_eq!((house.audited("action.approved").await, house.audited("action.taken_back").await), (1, 1));
    assert_eq!(house.web.submit(&admin, Method::DELETE, path, "").await.status, 404);
}

#[tokio::test]
async fn where_the_play_runs_already_an_action_makes_a_task() {
    let house = House::full().await;
    let admin = house.token(Role::Admin);
    let on = serde_json::json!({ "enabled": true });
    assert_eq!(house.web.call(&admin, Method::PATCH, "/v2/plays/slow_reply", Some(&on)).await.status, 200);
    let path = "/command-centre/tasks/respond";
    let agent = house.token(Role::Agent);
    let done = house.web.submit(&agent, Method::POST, path, "").await;
    assert_eq!(done.status, 200, "{}", done.text);
    {
        let tasks = house.book.tasks.lock().expect("a lock");
        let (title, href) = tasks.values().next().expect("a task");
        assert_eq!(title, "Answer the messages that nobody answered");
        assert_eq!(href, "/revenue/scores/revenue_at_risk/rows?component=respond");
    }
    let undone = house.web.submit(&agent, Method::DELETE, path, "").await;
    assert_eq!(undone.status, 200, "{}", undone.text);
    assert!(house.book.tasks.lock().expect("a lock").is_empty());
}

#[tokio::test]
async fn the_sentence_tells_what_came_since_the_last_visit() {
    let house = House::full().await;
    let dana = house.token(Role::Viewer);
    let first = house.web.browse(&dana, "/").await.text;
    assert!(first.contains("Since yesterday"), "{first}");
    // The visit ended an hour ago.
    let mut tx = house.tx().await;
    sqlx::query("update centre_looks set looked_at = looked_at - interval '1 hour' where org_id = $1")
        .bind(house.org)
        .execute(tx.conn())
        .await
        .expect("moved");
    tx.commit().await.expect("committed");
    let now = house.web.kernel.clock.now();
    let lead = |n: i64| Signal {
        lead: Some(format!("N{n}")),
        ..Signal::new("web", format!("new-{n}"), SignalKind::Lead, now - Duration::minutes(n))
    };
    house.land(vec![lead(1), lead(2), lead(3)]).await;
    let second = house.web.browse(&dana, "/").await.text;
    assert!(second.contains("Since you last looked") && second.contains("<b>3</b> leads came"), "{second}");
    let third = house.web.browse(&dana, "/").await.text;
    assert!(third.contains("<b>3</b> leads came"), "the same visit tells the same: {third}");
}
