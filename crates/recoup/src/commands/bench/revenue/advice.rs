//! The advisor's first words beside those of the model alone: a stand-in that answers at once, so that what is left is ours.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::body::Body;
use connectors::openai::chat::{ChatRequest, Message};
use connectors::openai::stream::Piece;
use connectors::openai::{Dialect, Endpoint, OpenAi as Client};
use futures_util::StreamExt;
use kernel::config::Config;
use serde_json::{Value, json};
use standins::Handle;
use standins::openai::{OpenAi, OpenAiConfig};

use super::super::measured::{Samples, say};
use super::Desk;

const QUESTION: &str = "How many leads leaked in the last four weeks, and what would help most?";

/// Starts the model and has the program ask it.
pub async fn model(config: &mut Config) -> anyhow::Result<Handle<OpenAi>> {
    let setup = OpenAiConfig::default();
    let key = setup.keys.first().cloned().context("a key of the stand-in")?;
    let model = OpenAi::start(setup, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let provider = json!({
        "name": "standin", "base_url": format!("{}/v1", model.base_url()), "api_key": key, "fast_model": "standin-fast",
        "quality_model": "standin-quality",
    });
    config.ai.providers = vec![serde_json::from_value(provider)?];
    Ok(model)
}

/// Measures both.
pub async fn measure(desk: &Desk, model: &Handle<OpenAi>, questions: usize) -> anyhow::Result<()> {
    let (mut ours, mut alone) = (Vec::new(), Vec::new());
    let endpoint = Endpoint {
        name: "bench".to_owned(),
        base_url: format!("{}/v1", model.base_url()),
        api_key: OpenAiConfig::default().keys.first().cloned().unwrap_or_default(),
        dialect: Dialect::OpenAi,
        timeout: Duration::from_secs(30),
    };
    let client = Client::new(desk.place.kernel.http.clone(), endpoint);
    for number in 0..questions + 3 {
        // Never the same question twice: what was answered before would be answered from memory.
        let question = format!("{QUESTION} ({number})");
        let advised = advised(desk, &question).await?;
        let answered = answered(&client, &question).await?;
        if number >= 3 {
            ours.push(advised);
            alone.push(answered);
        }
    }
    let (ours, alone) = (Samples::new(ours), Samples::new(alone));
    ours.say("revenue_advisor_first_words");
    alone.say("revenue_reference_model_first_words");
    let over = |share| format!("{:.2}", ours.quantile_ms(share) - alone.quantile_ms(share));
    say("revenue_advisor_over_model_p50_ms", over(0.5));
    say("revenue_advisor_over_model_p95_ms", over(0.95));
    Ok(())
}

/// Until the advisor's first words.
async fn advised(desk: &Desk, question: &str) -> anyhow::Result<Duration> {
    let body = json!({
        "model": "recoup-advisor", "stream": true, "messages": [{ "role": "user", "content": question }],
    });
    let began = Instant::now();
    let response =
        desk.begin("POST", "/v2/ai/chat/completions", "application/json", Body::from(body.to_string())).await?;
    anyhow::ensure!(response.status().is_success(), "the advisor answered with {}", response.status());
    let (mut pieces, mut text, mut first) = (response.into_body().into_data_stream(), String::new(), None);
    // Read to its end, so that one answer is over before the next is asked for.
    while let Some(piece) = pieces.next().await {
        text.push_str(&String::from_utf8_lossy(&piece?));
        if first.is_none() && text.lines().any(says) {
            first = Some(began.elapsed());
        }
    }
    first.with_context(|| format!("the advisor says nothing: {text}"))
}

/// Whether an event has words in it.
fn says(line: &str) -> bool {
    let event = line.strip_prefix("data:").map(str::trim_start);
    let event: Option<Value> = event.and_then(|event| serde_json::from_str(event).ok());
    event.is_some_and(|event| event["choices"][0]["delta"]["content"].as_str().is_some_and(|words| !words.is_empty()))
}

/// Until the model's first words.
async fn answered(client: &Client, question: &str) -> anyhow::Result<Duration> {
    let request = ChatRequest {
        model: "standin-quality".to_owned(),
        messages: vec![Message::user(question)],
        ..ChatRequest::default()
    };
    let began = Instant::now();
    let mut pieces = client.stream(&request).await?;
    let mut first = None;
    while let Some(piece) = pieces.next().await {
        if matches!(piece?, Piece::Text(_)) && first.is_none() {
            first = Some(began.elapsed());
        }
    }
    first.context("the model says nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_with_words_is_told_from_one_without() {
        assert!(says("data: {\"choices\":[{\"delta\":{\"content\":\"Three\"}}]}"));
        assert!(!says("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"));
        assert!(!says("data: [DONE]") && !says(": keep-alive") && !says(""));
    }
}
