//! `POST /v1/chat/completions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::auth::Call;
use super::schema::{self, Ink};
use super::think::{self, Said};
use super::{ApiError, OpenAi, stream, tools};

const ROLES: [&str; 5] = ["developer", "system", "user", "assistant", "tool"];

/// One choice as it was thought of.
#[derive(Clone, Debug, Default)]
pub(super) struct Thought {
    pub content: Option<String>,
    pub refusal: Option<String>,
    pub calls: Vec<Value>,
    pub finish: &'static str,
}

/// Everything an answer needs beside its choices.
pub(super) struct Frame {
    pub id: String,
    pub model: String,
    pub created: i64,
    pub prompt_tokens: usize,
    pub completion_tokens: usize,
}

impl Frame {
    pub(super) fn usage(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0 },
        })
    }
}

pub(super) async fn create(State(openai): State<Arc<OpenAi>>, call: Call) -> Result<Response, ApiError> {
    let body = &call.body;
    let model =
        body["model"].as_str().ok_or_else(|| ApiError::invalid("model", "you must provide a model parameter"))?;
    if !openai.config.chat_models.iter().any(|known| known == model) {
        return Err(ApiError::no_model(model));
    }
    let said = said(body)?;
    let prompt_tokens = said.iter().map(|message| think::tokens(&message.text) + 4).sum();
    if prompt_tokens > openai.config.context_tokens {
        return Err(ApiError::too_long(openai.config.context_tokens, prompt_tokens));
    }
    check(body)?;
    let spent = openai.spend(&call.key, prompt_tokens)?;
    let call_id = format!("call_{}", openai.shared.dice.word(24));
    let thought = bounded(body, thought(body, &said, call.quirk.as_deref(), &call_id)?);
    let choices = body["n"].as_u64().unwrap_or(1) as usize;
    let frame = Frame {
        id: format!("chatcmpl-{}", openai.shared.dice.word(29)),
        model: model.to_owned(),
        created: openai.shared.clock.now_s(),
        prompt_tokens,
        completion_tokens: choices * completion_tokens(&thought),
    };
    let response = if body["stream"] == json!(true) {
        stream::answer(body, &frame, &thought, choices, call.quirk.as_deref())
    } else {
        whole(&frame, &thought, choices).into_response()
    };
    Ok(spent.on(response))
}

fn whole(frame: &Frame, thought: &Thought, choices: usize) -> Json<Value> {
    let mut message =
        json!({ "role": "assistant", "content": thought.content, "refusal": thought.refusal, "annotations": [] });
    if !thought.calls.is_empty() {
        message["tool_calls"] = json!(thought.calls);
    }
    let choices: Vec<Value> = (0..choices)
        .map(|index| json!({ "index": index, "message": message, "logprobs": null, "finish_reason": thought.finish }))
        .collect();
    Json(json!({
        "id": frame.id, "object": "chat.completion", "created": frame.created, "model": frame.model, "choices": choices,
        "usage": frame.usage(), "service_tier": "default", "system_fingerprint": "fp_standin",
    }))
}

/// The messages, with their roles and parts checked.
fn said(body: &Value) -> Result<Vec<Said>, ApiError> {
    let messages = body["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| ApiError::invalid("messages", "[] is too short - 'messages'"))?;
    let mut open_calls: Vec<&str> = Vec::new();
    let mut said = Vec::with_capacity(messages.len());
    for (place, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if !ROLES.contains(&role) {
            return Err(ApiError::invalid(&format!("messages[{place}].role"), &format!("Invalid value: '{role}'.")));
        }
        if role == "tool" && !message["tool_call_id"].as_str().is_some_and(|id| open_calls.contains(&id)) {
            let wrong = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
            return Err(ApiError::invalid(&format!("messages[{place}].role"), wrong));
        }
        let calls = message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
        open_calls.extend(calls.iter().filter_map(|call| call["id"].as_str()));
        let text = match &message["content"] {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
            Value::Null if role == "assistant" => String::new(),
            _ => return Err(ApiError::invalid(&format!("messages[{place}].content"), "Invalid type for 'content'.")),
        };
        said.push(Said { role: role.to_owned(), text });
    }
    Ok(said)
}

/// The parameters' ranges and forms.
fn check(body: &Value) -> Result<(), ApiError> {
    let within = |name: &str, low: f64, high: f64| match body.get(name) {
        None | Some(Value::Null) => Ok(()),
        Some(value) if value.as_f64().is_some_and(|number| (low..=high).contains(&number)) => Ok(()),
        Some(value) => {
            Err(ApiError::invalid(name, &format!("Invalid '{name}': {value} is not between {low} and {high}.")))
        }
    };
    within("temperature", 0.0, 2.0)?;
    within("top_p", 0.0, 1.0)?;
    within("n", 1.0, 128.0)?;
    within("frequency_penalty", -2.0, 2.0)?;
    within("presence_penalty", -2.0, 2.0)?;
    within("max_completion_tokens", 1.0, 1e9)?;
    let format = &body["response_format"];
    match format["type"].as_str() {
        None if format.is_null() => {}
        Some("text" | "json_object") => {}
        Some("json_schema") => {
            let wanted = &format["json_schema"];
            let name = wanted["name"].as_str().unwrap_or_default();
            let fits = !name.is_empty()
                && name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            if !fits {
                return Err(ApiError::invalid(
                    "response_format.json_schema.name",
                    "Missing or invalid 'response_format.json_schema.name'.",
                ));
            }
            if wanted["strict"] == json!(true) {
                schema::check_strict(&wanted["schema"], true)?;
            }
        }
        _ => return Err(ApiError::invalid("response_format.type", "Invalid value for 'response_format.type'.")),
    }
    tools::check(body["tools"].as_array().map(Vec::as_slice).unwrap_or_default())
}

fn thought(body: &Value, said: &[Said], quirk: Option<&str>, call_id: &str) -> Result<Thought, ApiError> {
    let question = think::question(said);
    if quirk == Some("refusal") {
        let refusal = Some("I'm sorry, I can't help with that.".to_owned());
        return Ok(Thought { refusal, finish: "stop", ..Thought::default() });
    }
    if quirk == Some("content_filter") {
        return Ok(Thought { content: Some(String::new()), finish: "content_filter", ..Thought::default() });
    }
    let last = said.last().map_or("", |message| message.role.as_str());
    let answer = match said.last() {
        Some(message) if message.role == "tool" => format!("The tool says: {}", think::excerpt(&message.text, 400)),
        _ => think::answer(said),
    };
    let ink = Ink { question, answer: &answer };
    let tools = body["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    if last == "user" && !tools.is_empty() {
        let calls = tools::calls(tools, &body["tool_choice"], &ink, call_id);
        if !calls.is_empty() {
            return Ok(Thought { calls, finish: "tool_calls", ..Thought::default() });
        }
    }
    let content = match body["response_format"]["type"].as_str() {
        Some("json_schema") => schema::fill(&body["response_format"]["json_schema"]["schema"], &ink).to_string(),
        Some("json_object") if !said.iter().any(|message| message.text.to_lowercase().contains("json")) => {
            let wrong =
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
            return Err(ApiError::invalid("messages", wrong));
        }
        Some("json_object") => json!({ "answer": answer, "question": question }).to_string(),
        _ => answer,
    };
    let content = if quirk == Some("broken_json") {
        content.chars().take(content.chars().count() / 2).collect()
    } else {
        content
    };
    Ok(Thought { content: Some(content), finish: "stop", ..Thought::default() })
}

/// Cuts at a stop sequence and at the token limit.
fn bounded(body: &Value, mut thought: Thought) -> Thought {
    let Some(content) = &mut thought.content else { return thought };
    let stops: Vec<&str> = match &body["stop"] {
        Value::String(stop) => vec![stop],
        Value::Array(stops) => stops.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if let Some(at) = stops.iter().filter_map(|stop| content.find(stop)).min() {
        content.truncate(at);
    }
    let most = body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64());
    if let Some(most) = most.map(|most| most as usize).filter(|most| think::tokens(content) > *most) {
        *content = think::excerpt(content, most * 4);
        thought.finish = "length";
    }
    thought
}

fn completion_tokens(thought: &Thought) -> usize {
    let calls: usize = thought.calls.iter().map(|call| think::tokens(&call.to_string())).sum();
    let words = thought.content.as_deref().or(thought.refusal.as_deref()).map_or(0, think::tokens);
    (calls + words).max(1)
}
