//! Live messages over both wires.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use kernel::ids::OrgId;
use kernel::live::LiveMessage;
use serde_json::{Value, json};
use shell::Role;
use shell::testing::TestWeb;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::sample::web;

fn message(org: OrgId, kind: &str) -> LiveMessage {
    LiveMessage { org, kind: kind.to_owned(), id: Some("event_1".to_owned()), data: Arc::new(json!({ "n": 1 })) }
}

struct Line {
    body: BodyDataStream,
    buffer: String,
}

impl Line {
    async fn open(web: &TestWeb, token: &str, last: Option<&str>) -> Self {
        let mut request = Request::get("/live").header("cookie", format!("recoup_session={token}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).expect("valid");
        let Ok(response) = web.router.clone().oneshot(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), buffer: String::new() }
    }

    /// The next event's data; none at the end of the stream.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                return data.and_then(|data| serde_json::from_str(data).ok());
            }
            let bytes = self.body.next().await?.expect("the stream does not break");
            self.buffer.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    async fn kind(&mut self) -> String {
        self.next().await.map_or_else(|| "end".to_owned(), |note| note["kind"].as_str().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn a_line_ends_with_its_session_before_it_says_anything_more() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let (token, other) = (web.token(org, Role::Agent), web.token(org, Role::Agent));
    let (mut line, mut stays) = (Line::open(&web, &token, None).await, Line::open(&web, &other, None).await);
    assert_eq!((line.kind().await, stays.kind().await), ("hello".into(), "hello".into()));
    web.kernel.live.publish(message(org, "one"));
    assert_eq!((line.kind().await, stays.kind().await), ("one".into(), "one".into()));
    web.forget(&token);
    let begun = std::time::Instant::now();
    loop {
        web.kernel.live.publish(message(org, "two"));
        assert_eq!(stays.kind().await, "two");
        if line.kind().await == "bye" {
            break;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(1), "it listens on");
    }
    assert_eq!(line.kind().await, "end");
}

#[tokio::test]
async fn a_line_hears_its_own_organisation_and_says_goodbye_on_drain() {
    let (web, _) = web().await;
    let (ours, theirs) = (web.org("Ours").await, web.org("Theirs").await);
    let mut line = Line::open(&web, &web.token(ours, Role::Viewer), None).await;
    assert_eq!(line.kind().await, "hello");
    web.kernel.live.publish(message(theirs, "message.received"));
    web.kernel.live.publish(message(ours, "lead.changed"));
    let heard = line.next().await.expect("a message");
    assert_eq!(heard, json!({ "kind": "lead.changed", "id": "event_1", "data": { "n": 1 } }));
    web.app.drain().cancel();
    assert_eq!((line.kind().await, line.kind().await), ("bye".to_owned(), "end".to_owned()));
}

#[tokio::test]
async fn who_comes_back_or_falls_behind_is_told_to_resync() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Viewer);
    let mut line = Line::open(&web, &token, Some("event_0")).await;
    assert_eq!((line.kind().await, line.kind().await), ("hello".to_owned(), "resync".to_owned()));
    for _ in 0..3_000 {
        web.kernel.live.publish(message(org, "lead.changed"));
    }
    assert_eq!(line.kind().await, "resync", "a reader slower than the bus is not fed the old messages");
    assert_eq!(line.kind().await, "lead.changed");
}

#[tokio::test]
async fn a_line_needs_a_member() {
    let (web, _) = web().await;
    for path in ["/live", "/ws"] {
        assert_eq!(web.get("", path).await.status, 401, "{path}");
    }
}

async fn upgrade(web: &TestWeb, headers: &str) -> (tokio::net::TcpStream, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = web.router.clone();
    tokio::spawn(async move { axum::serve(listener, router.into_make_service()).await });
    let mut socket = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("a head"));
    }
    (socket, String::from_utf8_lossy(&head).into_owned())
}

/// One unmasked text frame shorter than 126 bytes.
async fn frame(socket: &mut tokio::net::TcpStream) -> Value {
    assert_eq!(socket.read_u8().await.expect("a frame"), 0x81);
    let mut text = vec![0; usize::from(socket.read_u8().await.expect("a length"))];
    socket.read_exact(&mut text).await.expect("a payload");
    serde_json::from_slice(&text).expect("JSON")
}

#[tokio::test]
async fn a_socket_hears_the_same_and_another_site_cannot_open_one() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let cookie = format!("Cookie: recoup_session={}", web.token(org, Role::Viewer));
    let (mut socket, head) = upgrade(&web, &cookie).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert_eq!(frame(&mut socket).await["kind"], "hello");
    web.kernel.live.publish(message(org, "lead.changed"));
    assert_eq!(frame(&mut socket).await["data"]["n"], 1);
    web.app.drain().cancel();
    assert_eq!(frame(&mut socket).await["kind"], "bye");
    let (_, head) = upgrade(&web, &format!("{cookie}\r\nOrigin: https://evil.example")).await;
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
}
