use std::time::Duration;

use connectors::openai::chat::{ChatRequest, Finish, Message, ResponseFormat, SchemaFormat, Tool};
use connectors::openai::embeddings::{EmbeddingRequest, Encoding};
use connectors::openai::failure::FailureKind;
use connectors::openai::moderation::ModerationRequest;
use connectors::openai::{Dialect, Endpoint, OpenAi};
use kernel::Clock;
use kernel::http::{Http, HttpConfig};
use serde_json::json;
use standins::openai::{OpenAi as Standin, OpenAiConfig, OpenAiLimits};
use standins::{Fault, Handle, Rule};

const CHAT: &str = "POST */chat/completions";

async fn standin(limits: OpenAiLimits) -> Handle<Standin> {
    let config = OpenAiConfig { limits, ..OpenAiConfig::default() };
    Standin::start(config, ([127, 0, 0, 1], 0).into()).await.expect("a free port")
}

fn client(standin: &Handle<Standin>, key: &str) -> OpenAi {
    let http = Http::new(HttpConfig::default(), Clock::system()).expect("a client");
    let endpoint = Endpoint {
        name: "standin".into(),
        base_url: format!("{}/v1/", standin.base_url()),
        api_key: key.into(),
        dialect: Dialect::OpenAi,
        timeout: Duration::from_millis(1500),
    };
    OpenAi::new(http, endpoint)
}

async fn ready() -> (Handle<Standin>, OpenAi) {
    let standin = standin(OpenAiLimits::LIFTED).await;
    let client = client(&standin, "sk-standin-0001");
    (standin, client)
}

fn ask(question: &str) -> ChatRequest {
    let rules = "We open at nine in the morning. A cleaning costs 90 dollars.";
    let messages = vec![Message::system(rules), Message::user(question)];
    ChatRequest { model: "standin-fast".into(), messages, ..ChatRequest::default() }
}

#[tokio::test]
async fn an_answer_comes_whole_and_in_pieces_with_the_same_words() {
    let (_standin, client) = ready().await;
    let whole = client.chat(&ask("When do you open?")).await.expect("an answer").value;
    assert!(whole.text().expect("text").contains("nine"), "{whole:?}");
    let streamed = client.stream(&ask("When do you open?")).await.expect("a stream").collect().await.expect("whole");
    assert_eq!(streamed.text(), whole.text());
    assert_eq!(streamed.usage, whole.usage);
}

#[tokio::test]
async fn tools_are_called_whole_and_streamed() {
    let (_standin, client) = ready().await;
    let mut request = ask("Please book an appointment for Monday");
    let day = json!({"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]});
    request.tools = vec![Tool::function("book_appointment", "books a time", day)];
    let whole = client.chat(&request).await.expect("an answer").value;
    assert_eq!((whole.finish(), whole.text()), (Finish::ToolCalls, None));
    let call = whole.tool_calls()[0].clone();
    assert_eq!(call.function.name, "book_appointment");
    assert!(serde_json::from_str::<serde_json::Value>(&call.function.arguments).expect("JSON")["day"].is_string());
    let streamed = client.stream(&request).await.expect("a stream").collect().await.expect("whole");
    assert_eq!(streamed.tool_calls()[0].function, call.function);
    let id = call.id.clone();
    request.messages.push(Message::Assistant { content: None, tool_calls: vec![call] });
    request.messages.push(Message::Tool { tool_call_id: id, content: "Monday at nine is booked.".into() });
    client.chat(&request).await.expect("a tool's answer is taken");
}

#[tokio::test]
async fn a_schema_is_met_and_a_refusal_is_told() {
    let (standin, client) = ready().await;
    let schema = json!({"type": "object", "properties": {"topic": {"enum": ["pricing", "support"]}},
        "required": ["topic"], "additionalProperties": false});
    let json_schema = SchemaFormat { name: "reading".into(), schema, strict: true };
    let mut request = ask("What is your pricing?");
    request.response_format = Some(ResponseFormat::JsonSchema { json_schema });
    let answer = client.chat(&request).await.expect("an answer").value;
    assert_eq!(answer.text(), Some(r#"{"topic":"pricing"}"#));
    standin.fail(Rule::next(CHAT, 1, Fault::Quirk { name: "refusal".into() }));
    let refused = client.chat(&request).await.expect("a refusal is an answer").value;
    assert!(refused.text().is_none() && refused.refusal().is_some());
}

#[tokio::test]
async fn vectors_come_the_same_in_both_forms() {
    let (_standin, client) = ready().await;
    let request = |encoding| EmbeddingRequest {
        model: "text-embedding-3-small".into(),
        input: vec!["opening hours".into(), "prices".into()],
        dimensions: None,
        encoding_format: Some(encoding),
    };
    let floats = client.embed(&request(Encoding::Float)).await.expect("vectors").value;
    let packed = client.embed(&request(Encoding::Base64)).await.expect("vectors").value;
    assert_eq!(floats.vectors.len(), 2);
    let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(floats.vectors.iter().zip(&packed.vectors).all(|(a, b)| a.len() == b.len() && same(a, b)));
    assert!(floats.usage.prompt_tokens > 0);
}

#[tokio::test]
async fn moderation_finds_what_is_harmful() {
    let (_standin, client) = ready().await;
    let input = vec!["I will kill you".to_owned(), "What are your opening hours?".to_owned()];
    let request = ModerationRequest { model: "omni-moderation-latest".into(), input };
    let verdicts = client.moderate(&request).await.expect("verdicts");
    assert!(verdicts[0].flagged && verdicts[0].found().next().is_some(), "{verdicts:?}");
    assert!(!verdicts[1].flagged);
}

#[tokio::test]
async fn limits_are_told_and_running_into_them_says_how_long() {
    let standin = standin(OpenAiLimits { requests: 1, tokens: 100_000 }).await;
    let client = client(&standin, "sk-standin-0001");
    let limits = client.chat(&ask("hello")).await.expect("the first passes").limits;
    assert_eq!(limits.remaining_requests, Some(0));
    assert!(limits.remaining_tokens.is_some() && limits.reset_requests.is_some(), "{limits:?}");
    let failure = client.chat(&ask("hello")).await.expect_err("the second does not");
    assert_eq!((failure.kind, failure.status), (FailureKind::RateLimited, Some(429)));
    let limited = Fault::Error { name: "rate_limit_exceeded".into(), retry_after: None };
    standin.fail(Rule::next(CHAT, 1, limited));
    let failure = client.chat(&ask("hello")).await.expect_err("it was told to fail");
    assert_eq!(failure.retry_after, Some(Duration::from_millis(50)));
}

#[tokio::test]
async fn failures_keep_their_kind() {
    let (standin, client) = ready().await;
    let named = |name: &str| Fault::Error { name: name.into(), retry_after: None };
    let cases = [
        (named("insufficient_quota"), FailureKind::QuotaExhausted),
        (named("rate_limit_exceeded"), FailureKind::RateLimited),
        (named("context_length_exceeded"), FailureKind::ContextTooLong),
        (named("model_not_found"), FailureKind::NotFound),
        (Fault::Status { status: 503, retry_after: Some(7) }, FailureKind::Unavailable),
        (Fault::Hang, FailureKind::TimedOut),
        (Fault::LoseAnswer, FailureKind::Interrupted),
        (Fault::CutBody { after: 40 }, FailureKind::Interrupted),
    ];
    for (fault, kind) in cases {
        standin.fail(Rule::next(CHAT, 1, fault.clone()));
        let failure = client.chat(&ask("hello")).await.expect_err("it was told to fail");
        assert_eq!(failure.kind, kind, "{fault:?}: {failure}");
    }
    standin.fail(Rule::next(CHAT, 1, Fault::Status { status: 503, retry_after: Some(7) }));
    let failure = client.stream(&ask("hello")).await.err().expect("it was told to fail");
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_wrong_key_is_told_without_the_key() {
    let (standin, _) = ready().await;
    let failure = client(&standin, "sk-wrong-key-1234").chat(&ask("hello")).await.expect_err("the key is wrong");
    assert_eq!(failure.kind, FailureKind::InvalidKey);
    assert!(!failure.message.contains("sk-wrong"), "{}", failure.message);
}

#[tokio::test]
async fn a_stream_that_breaks_says_so_and_keeps_what_came() {
    let (standin, client) = ready().await;
    for (quirk, kind) in [("cut_stream", FailureKind::Interrupted), ("error_mid_stream", FailureKind::RateLimited)] {
        standin.fail(Rule::next(CHAT, 1, Fault::Quirk { name: quirk.into() }));
        let mut stream = client.stream(&ask("When do you open?")).await.expect("it begins");
        let failure = loop {
            match stream.next().await.unwrap_or_else(|| panic!("{quirk}: it ended as if it were whole")) {
                Ok(_) => {}
                Err(failure) => break failure,
            }
        };
        assert_eq!(failure.kind, kind, "{quirk}: {failure}");
        assert!(stream.answer().text().is_some());
    }
}
