//! A keyed POST has its effect once.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use kernel::testing::until;
use shell::Role;
use shell::testing::{Answer, TestWeb};

use super::sample::web;

async fn keyed(web: &TestWeb, token: &str, path: &str, key: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    web.send(request.body(Body::from(body.to_owned())).expect("valid")).await
}

const BODY: &str = r#"{"name":"n"}"#;

#[tokio::test]
async fn the_first_answer_is_given_again_and_the_effect_happens_once() {
    let (web, sample) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Owner);
    let first = keyed(&web, &token, "/v2/things", "k1", BODY).await;
    let again = keyed(&web, &token, "/v2/things", "k1", BODY).await;
    assert_eq!((first.status, again.status, sample.effects()), (201, 201, 1));
    assert_eq!(again.text, first.text);
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(again.header("content-type"), "application/json");
    let other = keyed(&web, &token, "/v2/things", "k1", r#"{"name":"other"}"#).await;
    assert_eq!((other.status, sample.effects()), (422, 1));
    keyed(&web, &token, "/v2/things", "k2", BODY).await;
    assert_eq!(sample.effects(), 2);
}

#[tokio::test]
async fn a_key_belongs_to_one_caller_of_one_organisation() {
    let (web, sample) = web().await;
    let (ours, theirs) = (web.org("Ours").await, web.org("Theirs").await);
    let callers = [web.token(ours, Role::Owner), web.token(ours, Role::Agent), web.token(theirs, Role::Owner)];
    for token in &callers {
        assert_eq!(keyed(&web, token, "/v2/things", "same", BODY).await.header("idempotent-replayed"), "");
    }
    assert_eq!(sample.effects(), 3);
    let viewer = web.token(ours, Role::Viewer);
    assert_eq!(keyed(&web, &viewer, "/v2/things", "same", BODY).await.status, 403);
}

#[tokio::test]
async fn the_kept_answer_rests_encrypted() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    keyed(&web, &web.token(org, Role::Owner), "/v2/things", "k", r#"{"name":"shown-once"}"#).await;
    let mut owner = web.db.owner().await;
    let body: Vec<u8> =
        sqlx::query_scalar("select body from idempotency_keys").fetch_one(&mut owner).await.expect("a row");
    assert!(!String::from_utf8_lossy(&body).contains("shown-once"));
}

#[tokio::test]
async fn an_error_is_not_kept_so_the_client_may_try_again() {
    let (web, sample) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Owner);
    assert_eq!(keyed(&web, &token, "/v2/things", "k", r#"{"name":"taken"}"#).await.status, 409);
    // The key is freed beside the answer, not before it.
    until("the key to be free again", || async {
        let answer = keyed(&web, &token, "/v2/things", "k", BODY).await;
        (answer.status == 201).then_some(())
    })
    .await;
    assert_eq!(sample.effects(), 1);
    assert_eq!(keyed(&web, &token, "/v2/things", &"k".repeat(256), BODY).await.status, 400);
}

#[tokio::test]
async fn a_second_request_while_the_first_runs_is_a_conflict() {
    let (web, sample) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Owner);
    let web = std::sync::Arc::new(web);
    let first = tokio::spawn({
        let (web, token) = (web.clone(), token.clone());
        async move { keyed(&web, &token, "/v2/slow", "k", "").await }
    });
    until("the first request to run", || async { (sample.effects() == 1).then_some(()) }).await;
    assert_eq!(keyed(&web, &token, "/v2/slow", "k", "").await.status, 409);
    sample.open_gate();
    let first = tokio::time::timeout(Duration::from_secs(10), first).await.expect("in time").expect("no panic");
    assert_eq!((first.status, sample.effects()), (200, 1));
    assert_eq!(keyed(&web, &token, "/v2/slow", "k", "").await.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn a_request_that_was_dropped_frees_its_key() {
    let (web, sample) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Owner);
    let web = std::sync::Arc::new(web);
    let first = tokio::spawn({
        let (web, token) = (web.clone(), token.clone());
        async move { keyed(&web, &token, "/v2/slow", "k", "").await }
    });
    until("the first request to run", || async { (sample.effects() == 1).then_some(()) }).await;
    first.abort();
    let second = tokio::spawn(async move {
        until("the key to be free again", || async {
            let answer = keyed(&web, &token, "/v2/slow", "k", "").await;
            (answer.status == 200).then_some(())
        })
        .await;
    });
    until("the second request to run", || async { (sample.effects() == 2).then_some(()) }).await;
    sample.open_gate();
    second.await.expect("it was served");
}
