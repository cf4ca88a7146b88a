//! The OpenAI wire format of `chat/completions`, as a server speaks it.
//!
//! Rules a newcomer would break: a client may send fields of tomorrow, so unknown ones are read past; `content` is a text or a list
//! of parts; the usage of a stream comes in one more chunk without choices, and only where it was asked for.

use chrono::{DateTime, Utc};
use connectors::openai::chat::{Finish, Tool as Function, ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shell::AppError;
use utoipa::ToSchema;

use crate::answer::Done;

/// The advisor's model name.
pub const MODEL: &str = "recoup-advisor";
/// The longest conversation that is read, in messages.
const MOST_MESSAGES: usize = 200;
/// The longest question, in characters.
const LONGEST: usize = 8_000;
/// The most functions of a caller.
const MOST_FUNCTIONS: usize = 64;

/// What is asked. Fields that are not named here are read past.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ChatRequest {
    /// `recoup-advisor`.
    #[schema(example = "recoup-advisor")]
    pub model: String,
    /// The conversation, oldest first; the last message of the user is the question.
    pub messages: Vec<ChatMessage>,
    /// Answer in pieces, as server-sent events.
    #[serde(default)]
    pub stream: Option<bool>,
    #[serde(default)]
    pub stream_options: Option<StreamOptions>,
    /// Functions of the caller: their calls come back with `finish_reason` `tool_calls`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Value>>)]
    pub tools: Option<Vec<Function>>,
    #[serde(default)]
    pub tool_choice: Option<Value>,
    /// The most tokens of the answer.
    #[serde(default)]
    pub max_completion_tokens: Option<u32>,
    /// The older name of the same.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// 0 to 2.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// How many answers; one.
    #[serde(default)]
    pub n: Option<u32>,
    /// `thread_id` goes on with a kept conversation.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub metadata: Option<Map<String, Value>>,
    /// Whatever else a client sends.
    #[serde(flatten)]
    #[schema(ignore)]
    pub _rest: Map<String, Value>,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct StreamOptions {
    /// One more piece with the tokens used.
    #[serde(default)]
    pub include_usage: Option<bool>,
}

/// One turn.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ChatMessage {
    /// `system`, `developer`, `user`, `assistant` or `tool`.
    pub role: String,
    /// Text, or a list of parts of which the text is read.
    #[serde(default)]
    pub content: Option<Value>,
    #[serde(flatten)]
    #[schema(ignore)]
    pub _rest: Map<String, Value>,
}

impl ChatMessage {
    /// Its text.
    pub fn text(&self) -> String {
        match &self.content {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
                texts.join("\n")
            }
            _ => String::new(),
        }
    }
}

impl ChatRequest {
    /// Refuses what cannot be answered.
    pub fn check(&self) -> Result<(), AppError> {
        if self.model != MODEL {
            return Err(AppError::not_found("model"));
        }
        if self.messages.is_empty() || self.messages.len() > MOST_MESSAGES {
            return Err(AppError::field("messages", "must hold 1 to 200 messages"));
        }
        if self.n.is_some_and(|n| n != 1) {
            return Err(AppError::field("n", "is 1: one answer, made from your data"));
        }
        if self.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) {
            return Err(AppError::field("temperature", "is between 0 and 2"));
        }
        if self.tools.as_ref().is_some_and(|tools| tools.len() > MOST_FUNCTIONS) {
            return Err(AppError::field("tools", "must hold at most 64 functions"));
        }
        for (place, message) in self.messages.iter().enumerate() {
            if !matches!(message.role.as_str(), "system" | "developer" | "user" | "assistant" | "tool" | "function") {
                return Err(AppError::field(format!("messages.{place}.role"), "is system, user, assistant or tool"));
            }
        }
        let question = self.question();
        if question.trim().is_empty() {
            return Err(AppError::field("messages", "must hold a question: a message of the user with text"));
        }
        if question.chars().count() > LONGEST {
            return Err(AppError::field("messages", "hold a question of more than 8,000 characters"));
        }
        Ok(())
    }

    /// The last message of the user.
    pub fn question(&self) -> String {
        self.messages.iter().rev().find(|message| message.role == "user").map(ChatMessage::text).unwrap_or_default()
    }

    /// The functions the caller would have called.
    pub fn functions(&self) -> Vec<Function> {
        match &self.tool_choice {
            Some(Value::String(choice)) if choice == "none" => Vec::new(),
            _ => self.tools.clone().unwrap_or_default(),
        }
    }

    /// The most tokens of the answer.
    pub fn most_tokens(&self) -> u32 {
        self.max_completion_tokens.or(self.max_tokens).unwrap_or(800).clamp(1, 2_000)
    }

    /// Whether the tokens used come as a piece of their own.
    pub fn wants_usage(&self) -> bool {
        self.stream_options.is_some_and(|options| options.include_usage == Some(true))
    }
}

/// What names an answer.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub id: String,
    pub created: i64,
}

impl Head {
    /// A new answer's.
    pub fn new(id: uuid::Uuid, now: DateTime<Utc>) -> Self {
        Self { id: format!("chatcmpl-{}", id.simple()), created: now.timestamp() }
    }

    /// A piece of a stream.
    pub fn chunk(&self, delta: &Value, finish: Option<Finish>) -> Value {
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish.map(finish_word), "logprobs": null}],
        })
    }

    /// The last piece, which says what it was made from.
    pub fn last(&self, done: &Done, withheld: bool) -> Value {
        let mut chunk = self.chunk(&json!({}), Some(done.finish));
        chunk["recoup"] = extras(done, withheld);
        chunk
    }

    /// The piece with the tokens used.
    pub fn usage(&self, done: &Done) -> Value {
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": MODEL,
            "choices": [], "usage": usage(done),
        })
    }

    /// A whole answer.
    pub fn whole(&self, text: &str, calls: &[ToolCall], done: &Done, withheld: bool) -> Value {
        let mut message = json!({"role": "assistant", "content": text, "refusal": null});
        if !calls.is_empty() {
            message["tool_calls"] = json!(calls);
            if text.is_empty() {
                message["content"] = Value::Null;
            }
        }
        json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": finish_word(done.finish), "logprobs": null}],
            "usage": usage(done),
            "recoup": extras(done, withheld),
        })
    }
}

/// What is ours in an answer: clients of others read past it.
fn extras(done: &Done, withheld: bool) -> Value {
    json!({
        "citations": done.citations,
        "charts": done.charts,
        "actions": done.actions,
        "decision_id": done.decision,
        "worded_by": if done.by_model { "model" } else { "recoup" },
        "withheld": withheld,
    })
}

fn usage(done: &Done) -> Value {
    let (asked, said) = done.tokens;
    json!({"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said})
}

/// Whatever a provider ended with, a client knows these words.
fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Other => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
    }
}

/// A model as `GET /v2/ai/models` lists it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelOut {
    #[schema(example = "recoup-advisor")]
    pub id: &'static str,
    /// `model`.
    pub object: &'static str,
    /// Seconds since 1970.
    pub created: i64,
    pub owned_by: &'static str,
}

/// All models.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelsOut {
    /// `list`.
    pub object: &'static str,
    pub data: Vec<ModelOut>,
}

impl ModelOut {
    /// The advisor.
    pub fn advisor() -> Self {
        Self { id: MODEL, object: "model", created: 1_764_201_600, owned_by: "recoup" }
    }
}
