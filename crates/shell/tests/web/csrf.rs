//! State changes that another site started, and forms without the token.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use shell::Role;
use shell::auth::token_for_session;
use shell::testing::TestWeb;

use super::sample::web;

fn form(token: &str) -> Builder {
    Request::post("/things")
        .header("cookie", format!("recoup_session={token}"))
        .header("content-type", "application/x-www-form-urlencoded")
}

async fn status(web: &TestWeb, request: Builder, body: String) -> u16 {
    web.send(request.body(Body::from(body)).expect("valid")).await.status
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_session() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let (token, other) = (web.token(org, Role::Owner), web.token(org, Role::Owner));
    let csrf = token_for_session(&token);
    assert_eq!(status(&web, form(&token), format!("name=n&_csrf={csrf}")).await, 200);
    assert_eq!(status(&web, form(&token).header("x-csrf-token", &csrf), "name=n".into()).await, 200);
    assert_eq!(status(&web, form(&token), "name=n".into()).await, 403);
    assert_eq!(status(&web, form(&token), format!("name=n&_csrf={}", token_for_session(&other))).await, 403);
    let json = Request::post("/v2/things").header("cookie", format!("recoup_session={token}"));
    let json = json.header("content-type", "application/json");
    assert_eq!(status(&web, json, r#"{"name":"n"}"#.into()).await, 403, "JSON with a cookie needs the header");
}

#[tokio::test]
async fn a_form_with_files_carries_the_token_first_and_its_size_is_the_handlers_matter() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Owner);
    let parts = |csrf: &str, size: usize| {
        let part = |name: &str, value: &str| {
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        format!("{}{}--XX--\r\n", part("_csrf", csrf), part("file", &"x".repeat(size)))
    };
    let call = || {
        let kind = "multipart/form-data; boundary=XX";
        Request::post("/things/size").header("cookie", format!("recoup_session={token}")).header("content-type", kind)
    };
    let csrf = token_for_session(&token);
    for size in [10, 900_000] {
        let body = parts(&csrf, size);
        let whole = body.len().to_string();
        let answer = web.send(call().body(Body::from(body)).expect("valid")).await;
        assert_eq!((answer.status, answer.text), (200, whole), "every byte reaches the handler");
    }
    assert_eq!(status(&web, call(), parts(&token_for_session("another"), 10)).await, 403);
    assert_eq!(status(&web, call(), parts("", 40_000)).await, 403);
    let late = parts("x", 40_000).replace("_csrf", "other") + &parts(&csrf, 1);
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
        late.into_bytes().chunks(8_192).map(|chunk| Ok(chunk.to_vec())).collect();
    let streamed = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(web.send(call().body(streamed).expect("valid")).await.status, 403, "too far in");
}

#[tokio::test]
async fn another_site_cannot_post_even_with_the_token() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Owner);
    let body = format!("name=n&_csrf={}", token_for_session(&token));
    assert_eq!(status(&web, form(&token).header("sec-fetch-site", "cross-site"), body.clone()).await, 403);
    let foreign = form(&token).header("origin", "https://evil.example").header("host", "recoup.example");
    assert_eq!(status(&web, foreign, body.clone()).await, 403);
    assert_eq!(status(&web, form(&token).header("sec-fetch-site", "same-origin"), body).await, 200);
    let door = Request::post("/open").header("sec-fetch-site", "cross-site");
    assert_eq!(status(&web, door, String::new()).await, 403, "signing somebody in from another site is refused too");
}

#[tokio::test]
async fn programs_with_a_token_and_webhooks_need_none() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let bearer = Request::post("/v2/things").header("authorization", format!("Bearer {}", web.token(org, Role::Owner)));
    let bearer = bearer.header("content-type", "application/json").header("origin", "https://app.example");
    assert_eq!(status(&web, bearer, r#"{"name":"n"}"#.into()).await, 201);
    let hook = Request::post("/webhooks/sample").header("origin", "https://platform.example");
    assert_eq!(status(&web, hook, "{}".into()).await, 200);
}
