//! The model endpoint: what it checks, how it answers, how it streams.

use serde_json::{Value, json};
use standins::openai::OpenAiLimits;
use standins::{Fault, Rule, World, WorldConfig};

use crate::{get, header, http, post, world};

const KEY: &str = "sk-standin-0001";
const CONTEXT: &str =
    "You answer for a clinic. Whitening costs 290 dollars per visit. We are open on Saturdays until noon.";

fn ask(question: &str) -> Value {
    json!({ "model": "standin-fast", "messages": [{ "role": "system", "content": CONTEXT }, { "role": "user", "content": question }] })
}

async fn chat(world: &World, body: &Value) -> (u16, Value) {
    post(&format!("{}/v1/chat/completions", world.openai.base_url()), KEY, body).await
}

fn content(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap()
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

/// The events of a stream, without their prefix.
async fn stream(world: &World, mut body: Value) -> Vec<String> {
    body["stream"] = json!(true);
    let url = format!("{}/v1/chat/completions", world.openai.base_url());
    let text = http().post(url).bearer_auth(KEY).json(&body).send().await.unwrap().text().await.unwrap();
    text.split("\n\n").filter_map(|event| event.strip_prefix("data: ").map(str::to_owned)).collect()
}

#[tokio::test]
async fn answers_quote_what_was_sent() {
    let world = world().await;
    let (status, answer) = chat(&world, &ask("How much is whitening?")).await;
    assert_eq!((status, &answer["object"]), (200, &json!("chat.completion")));
    assert!(content(&answer).contains("290 dollars"), "{answer}");
    assert!(content(&chat(&world, &ask("open on saturday?")).await.1).contains("until noon"));
    assert!(content(&chat(&world, &ask("xyzzy plugh")).await.1).contains("xyzzy plugh"));
    let usage = &answer["usage"];
    assert_eq!(
        usage["total_tokens"].as_u64(),
        Some(usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap())
    );
}

#[tokio::test]
async fn keys_models_and_messages_are_checked() {
    let world = world().await;
    let url = format!("{}/v1/chat/completions", world.openai.base_url());
    let wrong = post(&url, "sk-wrong", &ask("a")).await;
    assert_eq!((wrong.0, code(&wrong.1)), (401, "invalid_api_key"));
    let mut body = ask("a");
    body["model"] = json!("gpt-none");
    let missing = chat(&world, &body).await;
    assert_eq!((missing.0, code(&missing.1)), (404, "model_not_found"));
    for messages in [
        json!([]),
        json!([{ "role": "robot", "content": "a" }]),
        json!([{ "role": "user", "content": 5 }]),
        json!([{ "role": "tool", "tool_call_id": "x", "content": "a" }]),
    ] {
        let mut body = ask("a");
        body["messages"] = messages;
        assert_eq!(chat(&world, &body).await.0, 400, "{body}");
    }
    let mut hot = ask("a");
    hot["temperature"] = json!(2.5);
    assert_eq!(chat(&world, &hot).await.1["error"]["param"], "temperature");
}

#[tokio::test]
async fn schemas_are_filled_and_strict_ones_checked() {
    let world = world().await;
    let mut body = ask("I need an urgent appointment");
    let schema = json!({ "type": "object", "additionalProperties": false, "required": ["urgency", "reply", "score"], "properties": {
        "urgency": { "enum": ["low", "urgent"] }, "reply": { "type": "string" }, "score": { "type": "integer", "minimum": 1, "maximum": 5 } } });
    body["response_format"] =
        json!({ "type": "json_schema", "json_schema": { "name": "triage", "strict": true, "schema": schema } });
    let filled: Value = serde_json::from_str(content(&chat(&world, &body).await.1)).unwrap();
    assert_eq!(filled["urgency"], "urgent");
    assert!((1..=5).contains(&filled["score"].as_u64().unwrap()) && filled["reply"].as_str().unwrap().len() > 5);
    body["response_format"]["json_schema"]["schema"]["required"] = json!(["reply"]);
    assert_eq!(chat(&world, &body).await.1["error"]["param"], "response_format");
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_repeated() {
    let world = world().await;
    let mut body = ask("Please book an appointment for Friday.");
    body["tools"] = json!([{ "type": "function", "function": { "name": "book_appointment", "parameters": { "type": "object", "properties": { "day": { "type": "string" } } } } }]);
    let answer = chat(&world, &body).await.1;
    let call = answer["choices"][0]["message"]["tool_calls"][0].clone();
    assert_eq!(
        (&answer["choices"][0]["finish_reason"], &call["function"]["name"]),
        (&json!("tool_calls"), &json!("book_appointment"))
    );
    assert!(serde_json::from_str::<Value>(call["function"]["arguments"].as_str().unwrap()).unwrap()["day"].is_string());
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [call] }));
    messages.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": "booked at 10:00" }));
    assert!(content(&chat(&world, &body).await.1).contains("booked at 10:00"));
}

#[tokio::test]
async fn streams_join_to_the_whole_and_end_with_usage() {
    let world = world().await;
    let whole = chat(&world, &ask("price of whitening")).await.1;
    let mut body = ask("price of whitening");
    body["stream_options"] = json!({ "include_usage": true });
    let events = stream(&world, body).await;
    assert_eq!(events.last().unwrap(), "[DONE]");
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let joined: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(joined, content(&whole));
    assert!(chunks.iter().all(|chunk| chunk["id"] == chunks[0]["id"]));
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &whole["usage"]));
    assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk["usage"].is_null()));
}

#[tokio::test]
async fn streams_break_in_three_ways() {
    let world = world().await;
    let quirk =
        |name: &str| world.openai.fail(Rule::next("POST */chat/completions", 1, Fault::Quirk { name: name.into() }));
    quirk("cut_stream");
    assert!(!stream(&world, ask("whitening")).await.contains(&"[DONE]".to_owned()));
    quirk("error_mid_stream");
    let events = stream(&world, ask("whitening")).await;
    assert!(serde_json::from_str::<Value>(events.last().unwrap()).unwrap()["error"].is_object());
    world.openai.fail(Rule::next("POST */chat/completions", 1, Fault::CutBody { after: 300 }));
    let mut body = ask("whitening");
    body["stream"] = json!(true);
    let response = http()
        .post(format!("{}/v1/chat/completions", world.openai.base_url()))
        .bearer_auth(KEY)
        .json(&body)
        .send()
        .await;
    assert!(match response {
        Ok(response) => response.text().await.is_err(),
        Err(_) => true,
    });
}

#[tokio::test]
async fn refusals_limits_of_length_and_stops() {
    let world = world().await;
    world.openai.fail(Rule::next("*", 1, Fault::Quirk { name: "refusal".into() }));
    let refused = chat(&world, &ask("a")).await.1;
    assert!(
        refused["choices"][0]["message"]["refusal"].is_string()
            && refused["choices"][0]["message"]["content"].is_null()
    );
    let mut short = ask("How much is whitening?");
    short["max_completion_tokens"] = json!(2);
    assert_eq!(chat(&world, &short).await.1["choices"][0]["finish_reason"], "length");
    let mut stopped = ask("How much is whitening?");
    stopped["stop"] = json!(["290"]);
    assert_eq!(content(&chat(&world, &stopped).await.1), "Whitening costs ");
    let long = chat(&world, &ask(&"word ".repeat(140_000))).await;
    assert_eq!((long.0, code(&long.1)), (400, "context_length_exceeded"));
}

#[tokio::test]
async fn limits_show_in_headers_and_quota_is_not_a_limit() {
    let mut config = WorldConfig::default();
    config.openai.limits = OpenAiLimits { requests: 2, tokens: 1000 };
    let world = World::start(config).await.unwrap();
    let url = format!("{}/v1/chat/completions", world.openai.base_url());
    let first = http().post(&url).bearer_auth(KEY).json(&ask("a")).send().await.unwrap();
    assert_eq!(
        (header(&first, "x-ratelimit-remaining-requests"), header(&first, "x-ratelimit-reset-requests")),
        ("1", "1m0s")
    );
    assert_eq!(chat(&world, &ask("a")).await.0, 200);
    let limited = chat(&world, &ask("a")).await;
    assert_eq!((limited.0, code(&limited.1)), (429, "rate_limit_exceeded"));
    world.openai.fail(Rule::next("*", 1, Fault::Error { name: "insufficient_quota".into(), retry_after: None }));
    assert_eq!(code(&chat(&world, &ask("a")).await.1), "insufficient_quota");
}

#[tokio::test]
async fn embeddings_moderation_and_models() {
    let world = world().await;
    let base = world.openai.base_url();
    let embed = |body: Value| async move { post(&format!("{base}/v1/embeddings"), KEY, &body).await };
    let (_, made) =
        embed(json!({ "model": "text-embedding-3-small", "input": ["whitening", "parking"], "dimensions": 256 })).await;
    assert_eq!(
        (made["data"].as_array().unwrap().len(), made["data"][1]["embedding"].as_array().unwrap().len()),
        (2, 256)
    );
    let (_, packed) =
        embed(json!({ "model": "text-embedding-3-large", "input": "a b c", "encoding_format": "base64" })).await;
    assert_eq!(packed["data"][0]["embedding"].as_str().unwrap().len(), 3072 * 4 / 3 * 4);
    assert_eq!(embed(json!({ "model": "standin-fast", "input": "a" })).await.0, 404);
    assert_eq!(embed(json!({ "model": "text-embedding-3-small", "input": "" })).await.0, 400);
    let judged = post(&format!("{base}/v1/moderations"), KEY, &json!({ "input": ["you idiot", "hello"] })).await.1;
    assert_eq!((&judged["results"][0]["flagged"], &judged["results"][1]["flagged"]), (&json!(true), &json!(false)));
    assert_eq!(get(&format!("{base}/v1/models"), KEY).await.1["data"].as_array().unwrap().len(), 4);
    assert_eq!(get(&format!("{base}/v1/models/none"), KEY).await.0, 404);
}
