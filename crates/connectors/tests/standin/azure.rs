use std::time::Duration;

use connectors::openai::chat::{ChatRequest, Message};
use connectors::openai::failure::FailureKind;
use connectors::openai::{Dialect, Endpoint, OpenAi};
use kernel::Clock;
use kernel::http::{Http, HttpConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers one request with `status` and `body`, and gives the request's head.
async fn answer_once(listener: TcpListener, status: &str, body: &str) -> String {
    let (mut connection, _) = listener.accept().await.expect("a connection");
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let byte = connection.read_u8().await.expect("a request");
        head.push(byte);
    }
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\napim-request-id: r-1\r\nretry-after-ms: 1500\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(answer.as_bytes()).await.expect("they listen");
    String::from_utf8_lossy(&head).to_lowercase()
}

async fn call(status: &str, body: &str) -> (String, Result<String, connectors::openai::failure::Failure>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = Endpoint {
        name: "azure".into(),
        base_url: format!("http://{}/", listener.local_addr().expect("an address")),
        api_key: "azure-key".into(),
        dialect: Dialect::Azure { api_version: "2024-10-21".into() },
        timeout: Duration::from_secs(5),
    };
    let client = OpenAi::new(Http::new(HttpConfig::default(), Clock::system()).expect("a client"), endpoint);
    let request =
        ChatRequest { model: "my gpt/4".into(), messages: vec![Message::user("hi")], ..ChatRequest::default() };
    let (head, answer) = tokio::join!(answer_once(listener, status, body), client.chat(&request));
    (head, answer.map(|answer| answer.value.text().unwrap_or_default().to_owned()))
}

#[tokio::test]
async fn the_deployment_stands_in_the_path_and_the_key_in_its_header() {
    let body = r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop","content_filter_results":{}}],"prompt_filter_results":[]}"#;
    let (head, answer) = call("200 OK", body).await;
    assert_eq!(answer.expect("an answer"), "Hi");
    assert!(
        head.starts_with("post /openai/deployments/my%20gpt%2f4/chat/completions?api-version=2024-10-21 "),
        "{head}"
    );
    assert!(head.contains("api-key: azure-key"), "{head}");
    assert!(!head.contains("authorization"), "never both: {head}");
}

#[tokio::test]
async fn a_filtered_prompt_and_a_limit_are_told_apart() {
    let filtered = r#"{"error":{"message":"filtered","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#;
    let (_, answer) = call("400 Bad Request", filtered).await;
    let failure = answer.expect_err("it was filtered");
    assert_eq!((failure.kind, failure.request_id.as_deref()), (FailureKind::ContentFiltered, Some("r-1")));
    assert!(!failure.is_retryable());
    let (_, answer) = call("429 Too Many Requests", r#"{"error":{"code":"429","message":"slow down"}}"#).await;
    let failure = answer.expect_err("too fast");
    assert_eq!((failure.kind, failure.retry_after), (FailureKind::RateLimited, Some(Duration::from_millis(1500))));
}
