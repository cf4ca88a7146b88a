//! The advisor's page: a question is asked, the answer comes as a model says it, its citation opens the rows, and its advice becomes
//! a task.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use browser_tests::{Browser, Look, watch};
use futures_util::{StreamExt, stream};
use kernel::config::{ProviderConfig, Secret};
use product_tests::{PASSWORD, Product, provider};
use serde_json::{Value, json};
use standins::World;
use tokio::sync::Notify;

use super::EVIDENCE;
use super::pages::score;

const FIRST: &str = "People ask and are left without an answer. ";
const REST: &str = "Look at who they are [1].";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_as_it_is_said_opens_its_rows_and_becomes_a_task() {
    let go_on = Arc::new(Notify::new());
    let base = speaks(Arc::clone(&go_on)).await;
    let product = Product::with(|config, world| config.ai.providers = vec![at(base, world)]).await;
    score(&product).await;
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.sign_in(&product.email, PASSWORD).await;
        browser.click(".rail-link", "Advisor").await;
        reads_the_answer_as_it_comes(browser, &go_on).await;
        opens_the_rows(browser).await;
        makes_a_task(browser, &go_on).await;
    })
    .await;
    product.end().await;
}

async fn reads_the_answer_as_it_comes(browser: &Browser, go_on: &Notify) {
    browser.run("window.openedOnce = true").await;
    browser.write("textarea[name=question]", "Where do we lose leads?").await;
    browser.click(".composer button[type=submit]", "Ask").await;
    browser.see(".advisor-turn.asked", "Where do we lose leads?").await;
    browser.see(".advisor-turn.said.waiting .advisor-text", FIRST.trim()).await;
    assert_eq!(browser.count(".advisor-sources").await, 0, "it is over before it was said");
    go_on.notify_one();
    browser.see(".advisor-turn.said:not(.waiting) .advisor-text", "Look at who they are").await;
    browser.see(".advisor-sources li", "without an answer").await;
    assert_eq!(browser.run("return window.openedOnce").await, true, "the page was loaded anew");
    for look in [Look::ALL[0], Look::DESK] {
        browser.look(look).await;
        assert_eq!(browser.faults(look).await, Vec::<String>::new(), "{look}");
    }
}

async fn opens_the_rows(browser: &Browser) {
    browser.click(".advisor-text a.cite", "1").await;
    browser.see("h1", "Messages without an answer").await;
    // Every other of the leads was never answered.
    assert_eq!(browser.count("main tr[data-row]").await, 12);
    browser.without_errors().await;
}

async fn makes_a_task(browser: &Browser, go_on: &Notify) {
    browser.go("/advisor").await;
    browser.click(".advisor-side a", "Where do we lose leads?").await;
    browser.see(".advisor-turn.said .advisor-text", "Look at who they are").await;
    // Said at once this time.
    go_on.notify_one();
    browser.write("textarea[name=question]", "What should we do first?").await;
    browser.click(".composer button[type=submit]", "Ask").await;
    let advice = browser.read(".advisor-action strong", "").await;
    browser.click(".advisor-action button", "Make it a task").await;
    browser.click(".advisor-extras a.button", "Open the task").await;
    browser.see("h1", "Tasks").await;
    browser.see(".rows .row strong", &advice).await;
    browser.click(".rows .row button", "Done").await;
    browser.see(".empty", "Nothing here").await;
    browser.click(".tabs a", "Done").await;
    browser.see(".rows .row strong", &advice).await;
    browser.without_errors().await;
}

/// The provider at an address.
fn at(base_url: String, world: &World) -> ProviderConfig {
    ProviderConfig { name: "slow".into(), base_url, api_key: Secret::new("sk-slow"), ..provider(world) }
}

/// A model that says the beginning at once and the rest when it is let; gives where it listens.
async fn speaks(go_on: Arc<Notify>) -> String {
    let answer = move |axum::Json(asked): axum::Json<Value>| {
        let go_on = Arc::clone(&go_on);
        async move { spoken(&asked, go_on) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn spoken(asked: &Value, go_on: Arc<Notify>) -> Response {
    if asked["stream"] != true {
        let message = json!({ "role": "assistant", "content": format!("{FIRST}{REST}") });
        let choices = json!([{ "index": 0, "message": message, "finish_reason": "stop" }]);
        return axum::Json(json!({ "id": "c", "model": "slow", "choices": choices })).into_response();
    }
    let piece = |delta: Value, finish: Option<&str>| {
        let choices = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        format!("data: {}\n\n", json!({ "id": "c", "model": "slow", "choices": choices }))
    };
    let first = piece(json!({ "content": FIRST }), None);
    let rest = piece(json!({ "content": REST }), None) + &piece(json!({}), Some("stop")) + "data: [DONE]\n\n";
    let first = stream::once(async move { Ok::<_, Infallible>(first) });
    let rest = stream::once(async move {
        go_on.notified().await;
        Ok(rest)
    });
    ([("content-type", "text/event-stream")], Body::from_stream(first.chain(rest))).into_response()
}
