//! The wire types of `chat/completions`: what is asked and what is answered.
//!
//! Rules a newcomer would break: `content` is null when the model refuses or calls tools; a refusal is not an error and
//! comes in `refusal`; the arguments of a tool call are a JSON *text* the model wrote and may be invalid.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// One turn of the conversation with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// The rules.
    System {
        /// Text.
        content: String,
    },
    /// What the person or the data says.
    User {
        /// Text.
        content: String,
    },
    /// What the model said before.
    Assistant {
        /// Text, absent when it only called tools.
        #[serde(default)]
        content: Option<String>,
        /// Tools it called.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    /// What a tool answered.
    Tool {
        /// The call it answers.
        tool_call_id: String,
        /// The result, as text.
        content: String,
    },
}

impl Message {
    /// A system message.
    pub fn system(content: impl Into<String>) -> Self {
        Self::System { content: content.into() }
    }

    /// A user message.
    pub fn user(content: impl Into<String>) -> Self {
        Self::User { content: content.into() }
    }

    /// The message's text, empty when it has none.
    pub fn text(&self) -> &str {
        match self {
            Self::System { content } | Self::User { content } | Self::Tool { content, .. } => content,
            Self::Assistant { content, .. } => content.as_deref().unwrap_or_default(),
        }
    }
}

/// A function the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    #[serde(rename = "type")]
    kind: FunctionKind,
    /// The function.
    pub function: Function,
}

impl Tool {
    /// A function with a JSON Schema of its parameters.
    pub fn function(name: impl Into<String>, description: impl Into<String>, parameters: Value) -> Self {
        let function = Function { name: name.into(), description: Some(description.into()), parameters };
        Self { kind: FunctionKind::Function, function }
    }
}

/// The only kind of tool there is on this endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FunctionKind {
    #[default]
    Function,
}

/// A function's name, what it does and what it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// `[a-zA-Z0-9_-]`, at most 64 characters.
    pub name: String,
    /// For the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema.
    #[serde(default)]
    pub parameters: Value,
}

/// A call the model wants made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Names the call in the tool's answer.
    #[serde(default)]
    pub id: String,
    #[serde(rename = "type", default)]
    kind: FunctionKind,
    /// What to call.
    pub function: CalledFunction,
}

impl ToolCall {
    /// A call of `name` with `arguments`.
    pub fn new(id: impl Into<String>, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        let function = CalledFunction { name: name.into(), arguments: arguments.into() };
        Self { id: id.into(), kind: FunctionKind::Function, function }
    }
}

/// The function's name and the arguments the model wrote.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CalledFunction {
    /// Which function.
    #[serde(default)]
    pub name: String,
    /// JSON as text, unchecked.
    #[serde(default)]
    pub arguments: String,
}

/// What form the answer must have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Any text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that meets a schema.
    JsonSchema {
        /// The schema.
        json_schema: SchemaFormat,
    },
}

/// A named JSON Schema the answer must meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemaFormat {
    /// `[a-zA-Z0-9_-]`, at most 64 characters.
    pub name: String,
    /// JSON Schema; in strict mode every property is required and `additionalProperties` is false.
    pub schema: Value,
    /// Whether the provider must enforce it.
    pub strict: bool,
}

/// What is asked of `chat/completions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ChatRequest {
    /// The model, or the deployment's name on Azure.
    pub model: String,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The most tokens of the answer, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u32>,
    /// 0 to 2; absent for models that take none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Best-effort determinism.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The form of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// Functions it may call, at most 128.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// `none`, `auto`, `required` or one function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<Value>,
    /// Parameters only some servers know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl ChatRequest {
    /// The body to send: `stream` asks for events with a last one that carries the usage; `legacy_limit` names the
    /// token limit `max_tokens`, for servers that only know the older name.
    pub fn body(&self, stream: bool, legacy_limit: bool) -> Value {
        let mut body = serde_json::to_value(self).expect("a chat request is plain data");
        if let Some(fields) = body.as_object_mut() {
            if legacy_limit && let Some(limit) = fields.remove("max_completion_tokens") {
                fields.insert("max_tokens".into(), limit);
            }
            if stream {
                fields.insert("stream".into(), true.into());
                fields.insert("stream_options".into(), serde_json::json!({"include_usage": true}));
            }
        }
        body
    }
}

/// What `chat/completions` answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The provider's id.
    #[serde(default)]
    pub id: String,
    /// The model that answered, which may be a dated version of the one asked.
    #[serde(default)]
    pub model: String,
    /// The answers; we always ask for one.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// What it cost in tokens; a stream that broke has none.
    #[serde(default)]
    pub usage: Option<Usage>,
}

impl Completion {
    /// The text of the answer; `None` when it refused, called tools or gave no choice.
    pub fn text(&self) -> Option<&str> {
        self.choices.first()?.message.content.as_deref()
    }

    /// The model's own refusal, if it refused.
    pub fn refusal(&self) -> Option<&str> {
        self.choices.first()?.message.refusal.as_deref()
    }

    /// Why it stopped.
    pub fn finish(&self) -> Finish {
        self.choices.first().map_or(Finish::Other, |choice| choice.finish_reason)
    }

    /// The calls it wants made.
    pub fn tool_calls(&self) -> &[ToolCall] {
        self.choices.first().map_or(&[], |choice| &choice.message.tool_calls)
    }
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What it said.
    #[serde(default)]
    pub message: Answer,
    /// Why it stopped.
    #[serde(default, deserialize_with = "finish_or_other")]
    pub finish_reason: Finish,
}

/// The answer's message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Its text.
    #[serde(default)]
    pub content: Option<String>,
    /// Why it would not answer.
    #[serde(default)]
    pub refusal: Option<String>,
    /// The calls it wants made.
    #[serde(default, deserialize_with = "list_or_null", skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done.
    Stop,
    /// It reached the token limit.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// A content filter cut it.
    ContentFilter,
    /// Something newer.
    #[default]
    #[serde(other)]
    Other,
}

/// Tokens used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the question.
    #[serde(default)]
    pub prompt_tokens: u32,
    /// Tokens of the answer, reasoning included.
    #[serde(default)]
    pub completion_tokens: u32,
}

impl Usage {
    /// Both together.
    pub fn total(&self) -> u64 {
        u64::from(self.prompt_tokens) + u64::from(self.completion_tokens)
    }
}

pub(super) fn finish_or_other<'de, D: Deserializer<'de>>(from: D) -> Result<Finish, D::Error> {
    Ok(Option::<Finish>::deserialize(from)?.unwrap_or_default())
}

pub(super) fn list_or_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}
