//! Request ids, security headers, error shapes, limits of size.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use shell::{Role, Settings};

use super::sample::{web, web_with};

#[tokio::test]
async fn a_request_id_is_taken_when_harmless_and_made_otherwise() {
    let (web, _) = web().await;
    let ask = |id: &str| Request::get("/v2/nothing").header("x-request-id", id).body(Body::empty()).expect("valid");
    let answer = web.send(ask("from-the-client.1")).await;
    assert_eq!(answer.header("x-request-id"), "from-the-client.1");
    assert_eq!(answer.json()["error"]["request_id"], "from-the-client.1");
    for odd in ["", "a b", "<script>", &"x".repeat(65)] {
        let answer = web.send(ask(odd)).await;
        assert!(answer.header("x-request-id").starts_with("req_"), "{odd}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_hsts_only_over_https() {
    let (web, _) = web().await;
    for path in ["/open", "/v2/nothing", "/assets/none.css", "/nowhere", "/v2/openapi.json"] {
        let answer = web.get("", path).await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'self';"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
    }
    let secure = Settings { public_url: "https://recoup.example".to_owned(), ..Settings::default() };
    let (web, _) = web_with(secure).await;
    assert!(web.get("", "/open").await.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn a_fault_of_ours_says_nothing_of_the_inside() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Viewer);
    for path in ["/v2/broken/panic", "/v2/broken/row"] {
        let answer = web.get(&token, path).await;
        assert_eq!(answer.status, 500, "{path}: a missing row is a bug, not a missing page");
        assert_eq!(answer.json()["error"]["code"], "internal");
        assert!(!answer.text.contains("secret") && !answer.text.contains("row"), "{}", answer.text);
        assert!(answer.json()["error"]["timestamp"].is_string());
    }
    let page = web.browse(&token, "/things/broken").await;
    assert_eq!(page.status, 500);
    assert!(page.text.contains("Something went wrong on our side") && !page.text.contains("secret"));
    assert!(page.text.contains(page.header("x-request-id")), "the page quotes the id");
}

#[tokio::test]
async fn what_is_not_there_is_json_for_programs_and_a_page_for_people() {
    let (web, _) = web().await;
    let answer = web.get("", "/v2/nothing").await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (404, Some("not_found")));
    let answer = web.call("", Method::DELETE, "/v2/openapi.json", None).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (405, Some("method_not_allowed")));
    assert!(answer.header("allow").contains("GET"), "the router's word survives");
    let page = web.get("", "/nowhere").await;
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html") && page.text.contains("There is nothing here"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_on_the_api_and_on_webhooks() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let big = json!({ "name": "x".repeat(1 << 20) });
    let answer = web.post(&web.token(org, Role::Owner), "/v2/things", &big).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (413, Some("too_large")));
    let hook = |size: usize| Request::post("/webhooks/sample").body(Body::from(vec![b'x'; size])).expect("valid");
    assert_eq!(web.send(hook(1 << 20)).await.text, (1 << 20).to_string());
    let answer = web.send(hook((1 << 20) + 1)).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (413, Some("too_large")));
}

#[tokio::test]
async fn webhooks_have_an_edge_of_their_own_and_what_is_none_meets_that_of_the_product() {
    let (web, _) = web().await;
    let ask = |method: Method, path: &str, id: &str| {
        Request::builder().method(method).uri(path).header("x-request-id", id).body(Body::empty()).expect("valid")
    };
    let answer = web.send(ask(Method::POST, "/webhooks/sample", "platform.1")).await;
    assert_eq!((answer.status, answer.header("x-request-id")), (200, "platform.1"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert_eq!(answer.header("content-security-policy"), "", "nobody looks at it");
    let answer = web.send(ask(Method::POST, "/webhooks/sample", "a b")).await;
    assert!(answer.header("x-request-id").starts_with("req_"), "{}", answer.header("x-request-id"));

    let answer = web.send(ask(Method::GET, "/webhooks/sample", "platform.2")).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (405, Some("method_not_allowed")));
    assert_eq!(answer.json()["error"]["request_id"], "platform.2");
    let answer = web.send(ask(Method::POST, "/webhooks/broken", "platform.3")).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (500, Some("internal")));
    assert!(!answer.text.contains("secret"), "{}", answer.text);

    let answer = web.send(ask(Method::GET, "/webhooks/nothing", "platform.4")).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (404, Some("not_found")));
    assert_eq!(
        (answer.header("x-request-id"), answer.header("content-security-policy").is_empty()),
        ("platform.4", false)
    );
}

#[tokio::test]
async fn a_page_is_compressed_and_private() {
    let (web, _) = web().await;
    let request = Request::get("/docs/api").header("accept-encoding", "br").body(Body::empty()).expect("valid");
    let answer = web.send(request).await;
    assert_eq!((answer.status, answer.header("content-encoding")), (200, "br"));
    assert_eq!(answer.header("cache-control"), "private, no-store");
}
