//! Outbound HTTP against a server that misbehaves on purpose: which failures may have had an effect, what is repeated,
//! what the breaker does, and where customers' URLs must not lead.

mod server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use kernel::Clock;
use kernel::http::{
    BreakerMode, Http, HttpConfig, HttpError, Lost, Method, NotSent, Retry, Timeouts, guard::Forbidden,
};
use serde_json::{Value, json};
use server::{Server, Step};

fn clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_787_300_000, 0).expect("a valid instant"))
}

fn config() -> HttpConfig {
    HttpConfig {
        timeouts: Timeouts { connect: Duration::from_secs(2), total: Duration::from_millis(400) },
        retry: Retry { base: Duration::from_millis(1), longest_wait: Duration::from_millis(50) },
        ..HttpConfig::default()
    }
}

fn http() -> Http {
    Http::new(config(), clock()).expect("a client")
}

/// An address at which nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    format!("http://{address}/")
}

#[tokio::test]
async fn an_answer_is_an_answer_whatever_its_status() {
    let server =
        Server::start(vec![Step::json(200, r#"{"id":7}"#), Step::json(404, "{}"), Step::json(500, "oops")]).await;
    let http = http();
    let response =
        http.post("s", server.url("/a")).bearer("token").json(&json!({"x":1})).send().await.expect("an answer");
    assert_eq!((response.status.as_u16(), response.json::<Value>().expect("JSON")["id"].as_i64()), (200, Some(7)));
    assert_eq!(http.get("s", server.url("/b")).send().await.expect("an answer").status.as_u16(), 404);
    let failed = http.get("s", server.url("/c")).send().await.expect("an answer");
    assert_eq!(failed.status.as_u16(), 500);
    assert!(failed.json::<Value>().is_err());
    let seen = server.requests();
    assert!(
        seen[0].starts_with("POST /a HTTP/1.1")
            && seen[0].contains("authorization: Bearer token")
            && seen[0].ends_with(r#"{"x":1}"#)
    );
    assert!(seen[0].contains("user-agent: Recoup/"));
}

#[tokio::test]
async fn nothing_is_sent_when_there_is_no_connection() {
    let refused = http().post("s", nobody().await).send().await.expect_err("refused");
    assert!(matches!(&refused, HttpError::NotSent { why: NotSent::Refused(_), .. }), "{refused:?}");
    let unknown = http().post("s", "http://no-such-host.invalid/").send().await.expect_err("no such host");
    assert!(matches!(&unknown, HttpError::NotSent { why: NotSent::Dns | NotSent::Refused(_), .. }), "{unknown:?}");
    let nonsense = http().post("s", "not a url").send().await.expect_err("no URL");
    assert!(matches!(&nonsense, HttpError::NotSent { why: NotSent::Invalid(_), .. }), "{nonsense:?}");
    assert!(!refused.may_have_happened() && !unknown.may_have_happened() && !nonsense.may_have_happened());
}

#[tokio::test]
async fn the_outcome_is_unknown_once_the_request_was_written() {
    for (step, word) in [
        (Step::Hang, "timeout"),
        (Step::Close, "closed"),
        (Step::Raw("HTTP/1.1 200 OK\r\ncontent-le"), "closed"),
        (Step::Raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"), "body_cut"),
        (Step::SlowBody, "timeout"),
    ] {
        let server = Server::start(vec![step]).await;
        let error = http().post("s", server.url("/")).body("text/plain", "hello").send().await.expect_err("lost");
        assert!(error.may_have_happened(), "{step:?}: {error:?}");
        assert_eq!(error.word(), word, "{step:?}: {error:?}");
        assert!(server.requests()[0].ends_with("hello"), "the request had arrived");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_its_status_is_known() {
    let server = Server::start(vec![Step::json(200, "0123456789")]).await;
    let error = http().get("s", server.url("/")).max_body(9).send().await.expect_err("too large");
    assert!(matches!(error, HttpError::Unknown { why: Lost::BodyTooLarge { limit: 9 }, status: Some(200), .. }));
}

#[tokio::test]
async fn only_what_is_safe_is_repeated() {
    let steps = || vec![Step::json(503, ""), Step::Close, Step::json(200, "{}")];
    let once = Server::start(steps()).await;
    assert_eq!(http().post("s", once.url("/")).send().await.expect("an answer").status.as_u16(), 503);
    assert_eq!(once.requests().len(), 1);
    let thrice = Server::start(steps()).await;
    let response =
        http().post("s", thrice.url("/")).body("text/plain", "x").safe_to_repeat(3).send().await.expect("an answer");
    assert_eq!((response.status.as_u16(), thrice.requests().len()), (200, 3));
    let final_no = Server::start(vec![Step::json(400, "")]).await;
    assert_eq!(
        http().get("s", final_no.url("/")).safe_to_repeat(3).send().await.expect("an answer").status.as_u16(),
        400
    );
    assert_eq!(final_no.requests().len(), 1, "a final no is not repeated");
}

#[tokio::test]
async fn an_unknown_outcome_stays_unknown_when_the_repetition_finds_nobody() {
    let server = Server::start(vec![Step::CloseForGood]).await;
    let error = http().get("s", server.url("/")).safe_to_repeat(2).send().await.expect_err("lost");
    assert!(error.may_have_happened(), "{error:?}");
}

#[tokio::test]
async fn retry_after_is_honoured_or_handed_to_the_caller() {
    let soon = Step::Raw("HTTP/1.1 429 Slow\r\nretry-after: 0.01\r\ncontent-length: 0\r\n\r\n");
    let server = Server::start(vec![soon, Step::json(200, "{}")]).await;
    assert_eq!(
        http().get("s", server.url("/")).safe_to_repeat(2).send().await.expect("an answer").status.as_u16(),
        200
    );
    let late = Step::Raw("HTTP/1.1 429 Slow\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n");
    let server = Server::start(vec![late, Step::json(200, "{}")]).await;
    let response = http().get("s", server.url("/")).safe_to_repeat(2).send().await.expect("an answer");
    assert_eq!(response.status.as_u16(), 429);
    assert_eq!(response.retry_after(clock().now()), Some(Duration::from_secs(3600)));
}

#[tokio::test]
async fn a_failing_service_is_left_alone_and_tried_again() {
    let (clock, seen) = (clock(), Arc::new(Mutex::new(Vec::new())));
    let sink = Arc::clone(&seen);
    let http = Http::new(config(), clock.clone()).expect("a client");
    let http = http.observed(move |exchange| {
        sink.lock().expect("sound").push((exchange.service.to_owned(), exchange.status, exchange.failure));
    });
    let steps = [vec![Step::json(500, ""); 5], vec![Step::json(200, ""); 4]].concat();
    let server = Server::start(steps).await;
    for _ in 0..5 {
        assert_eq!(http.get("meta", server.url("/")).send().await.expect("an answer").status.as_u16(), 500);
    }
    let error = http.get("meta", server.url("/")).send().await.expect_err("left alone");
    assert!(matches!(error, HttpError::NotSent { why: NotSent::BreakerOpen { .. }, .. }));
    assert_eq!(http.breakers()[0].mode, BreakerMode::Open);
    clock.advance(chrono::Duration::seconds(30));
    for _ in 0..3 {
        assert_eq!(http.breakers()[0].mode, BreakerMode::HalfOpen);
        assert_eq!(http.get("meta", server.url("/")).send().await.expect("an answer").status.as_u16(), 200);
    }
    assert_eq!(http.breakers()[0].mode, BreakerMode::Closed);
    assert_eq!(server.requests().len(), 8);
    let seen = seen.lock().expect("sound");
    assert_eq!(seen[0], ("meta".to_owned(), Some(500), None));
    assert_eq!(seen[5], ("meta".to_owned(), None, Some("breaker_open")));
    assert_eq!(seen[8], ("meta".to_owned(), Some(200), None));
}

#[tokio::test]
async fn a_refusal_of_the_request_does_not_open_the_breaker() {
    let http = http();
    let server = Server::start(vec![Step::json(429, ""); 8]).await;
    for _ in 0..8 {
        http.get("meta", server.url("/")).send().await.expect("an answer");
    }
    assert_eq!(http.breakers()[0].mode, BreakerMode::Closed);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server =
        Server::start(vec![Step::Raw("HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")]).await;
    assert_eq!(http().get("s", server.url("/")).send().await.expect("an answer").status.as_u16(), 302);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn customers_urls_do_not_reach_into_private_networks() {
    let server = Server::start(vec![Step::json(200, "secret"), Step::json(200, "mine")]).await;
    assert!(matches!(http().public(Method::GET, &server.url("/")), Err(Forbidden::PrivateAddress)));
    let by_name = server.url("/").replace("127.0.0.1", "localhost");
    let error = http().public(Method::GET, &by_name).expect("a name").send().await.expect_err("refused");
    assert!(
        matches!(error, HttpError::NotSent { why: NotSent::Forbidden(Forbidden::PrivateAddress), .. }),
        "{error:?}"
    );
    assert!(server.requests().is_empty());
    let allowed = Http::new(HttpConfig { allow_private_targets: true, ..config() }, clock()).expect("a client");
    let request = allowed.public(Method::GET, &by_name).expect("allowed");
    assert_eq!(request.send().await.expect("an answer").status.as_u16(), 200);
}

#[tokio::test]
async fn a_stream_comes_in_pieces_and_says_when_it_breaks_off() {
    let whole = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
    let server = Server::start(vec![Step::Raw(whole)]).await;
    let stream = http().get("s", server.url("/")).stream().await.expect("a head");
    assert_eq!(&stream.whole().await.expect("the rest").body[..], b"onetwo");
    let cut = Server::start(vec![Step::Raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")]).await;
    let mut stream = http().get("s", cut.url("/")).stream().await.expect("a head");
    assert_eq!(stream.chunk().await.expect("a piece").as_deref(), Some(&b"one"[..]));
    assert!(matches!(stream.chunk().await, Err(HttpError::Unknown { why: Lost::BodyCut(_), status: Some(200), .. })));
    let slow = Server::start(vec![Step::SlowBody]).await;
    let mut stream = http().get("s", slow.url("/")).timeout(Duration::from_millis(100)).stream().await.expect("a head");
    while let Ok(Some(_)) = stream.chunk().await {}
    assert!(matches!(stream.chunk().await, Err(HttpError::Unknown { .. })));
}

#[tokio::test]
async fn errors_never_show_the_address() {
    let url = format!("{}?access_token=very-secret", nobody().await);
    let error = http().get("s", url).send().await.expect_err("refused");
    assert!(!format!("{error:?} {error}").contains("very-secret"), "{error:?}");
}
