//! The OpenAI connector against a real server: llama.cpp's, over a tiny random model made on the spot.
//!
//! The server comes prebuilt from `PyPI` into a virtual environment under the target folder (made once, about 200 MB). Where
//! that cannot be done the test says exactly what is missing: it fails in CI (`CI=true`) and is skipped elsewhere.

#[path = "llama/server.rs"]
mod server;

use std::time::Duration;

use connectors::openai::chat::{ChatRequest, Finish, Message, ResponseFormat, SchemaFormat};
use connectors::openai::failure::FailureKind;
use connectors::openai::stream::Piece;
use connectors::openai::{Dialect, Endpoint, OpenAi};
use kernel::Clock;
use kernel::http::{Http, HttpConfig};
use serde_json::{Value, json};
use server::{KEY, Llama};

fn client(server: &Llama, key: &str) -> OpenAi {
    let http = Http::new(HttpConfig::default(), Clock::system()).expect("a client");
    let endpoint = Endpoint {
        name: "llama".into(),
        base_url: format!("{}/v1", server.address),
        api_key: key.into(),
        dialect: Dialect::OpenAi,
        timeout: Duration::from_secs(30),
    };
    OpenAi::new(http, endpoint)
}

fn ask(limit: u32) -> ChatRequest {
    let messages = vec![Message::system("You are brief."), Message::user("When do you open?")];
    ChatRequest { model: "random".into(), messages, max_completion_tokens: Some(limit), ..ChatRequest::default() }
}

/// One server for all five, since it is the start that costs; each part stands alone otherwise.
#[tokio::test]
async fn against_a_real_server() {
    let Some(mut server) = Llama::start() else { return };
    plain(&server).await;
    streamed(&server).await;
    schema(&server).await;
    wrong_key(&server).await;
    too_long(&server).await;
    aborted(&server).await;
    gone(&mut server).await;
}

async fn plain(server: &Llama) {
    let answered = client(server, KEY).chat(&ask(8)).await.expect("an answer");
    let usage = answered.value.usage.expect("the server counts tokens");
    assert_eq!(answered.value.model, "random");
    assert!(usage.prompt_tokens > 10 && (1..=8).contains(&usage.completion_tokens), "{usage:?}");
    assert!(matches!(answered.value.finish(), Finish::Length | Finish::Stop));
}

async fn streamed(server: &Llama) {
    let mut request = ask(24);
    request.seed = Some(11);
    request.extra.insert("ignore_eos".into(), true.into());
    let mut stream = client(server, KEY).stream(&request).await.expect("a stream");
    let (mut pieces, mut text, mut finish) = (0, String::new(), None);
    while let Some(piece) = stream.next().await {
        match piece.expect("the stream is whole") {
            Piece::Text(more) => {
                pieces += 1;
                text.push_str(&more);
            }
            Piece::Finished(reason) => finish = Some(reason),
            other => panic!("a plain answer has no {other:?}"),
        }
    }
    assert!(pieces > 3, "it came in pieces, not at once: {pieces}");
    assert_eq!(finish, Some(Finish::Length));
    assert_eq!(stream.answer().text(), Some(text.as_str()));
    assert_eq!(stream.answer().usage.expect("usage comes last").completion_tokens, 24);
}

async fn schema(server: &Llama) {
    let schema = json!({
        "type": "object",
        "properties": {
            "topic": {"enum": ["pricing", "support", "booking"]},
            "is_question": {"type": "boolean"},
            "stars": {"type": "integer", "minimum": 0, "maximum": 5}
        },
        "required": ["topic", "is_question", "stars"],
        "additionalProperties": false
    });
    let json_schema = SchemaFormat { name: "understanding".into(), schema, strict: true };
    let mut request = ask(600);
    request.response_format = Some(ResponseFormat::JsonSchema { json_schema });
    let answered = client(server, KEY).chat(&request).await.expect("an answer");
    let value: Value = serde_json::from_str(answered.value.text().expect("text")).expect("the grammar gives JSON");
    let topic = value["topic"].as_str().expect("a topic");
    assert!(["pricing", "support", "booking"].contains(&topic));
    assert!(value["is_question"].is_boolean() && value["stars"].as_i64().is_some_and(|stars| (0..=5).contains(&stars)));
}

async fn wrong_key(server: &Llama) {
    for key in ["wrong", ""] {
        let failure = client(server, key).chat(&ask(4)).await.expect_err("the key is wrong");
        assert_eq!((failure.kind, failure.status), (FailureKind::InvalidKey, Some(401)));
        assert!(!failure.is_retryable());
    }
    let failure = client(server, "wrong").stream(&ask(4)).await.err().expect("the key is wrong");
    assert_eq!(failure.kind, FailureKind::InvalidKey);
}

async fn too_long(server: &Llama) {
    let mut request = ask(4);
    request.messages.push(Message::user("opening hours ".repeat(10_000)));
    let failure = client(server, KEY).chat(&request).await.expect_err("it does not fit");
    assert_eq!(failure.kind, FailureKind::ContextTooLong);
}

/// Dropping the stream closes the connection, and the server stops working for us.
async fn aborted(server: &Llama) {
    let before = server.tokens_made().await;
    let mut request = ask(server::LONGEST);
    request.extra.insert("ignore_eos".into(), true.into());
    let mut stream = client(server, KEY).stream(&request).await.expect("a stream");
    for _ in 0..3 {
        stream.next().await.expect("a piece").expect("no failure");
    }
    assert!(server.is_busy().await, "the answer is long enough to be caught in the middle");
    drop(stream);
    while server.is_busy().await {
        tokio::task::yield_now().await;
    }
    let made = server.tokens_made().await - before;
    assert!(made < f64::from(server::LONGEST) / 2.0, "it stopped early, after {made} of {} tokens", server::LONGEST);
}

async fn gone(server: &mut Llama) {
    let client = client(server, KEY);
    server.stop();
    let failure = client.chat(&ask(4)).await.expect_err("nobody listens");
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.is_retryable());
}
