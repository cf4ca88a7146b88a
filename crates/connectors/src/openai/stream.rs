//! A streamed answer: text as it comes, and the whole answer at the end.
//!
//! Rules a newcomer would break: the id and name of a tool call come only in its first piece; the usage comes in an
//! extra piece without choices, or never when the stream broke; Azure's first piece has no choices either; `[DONE]` may
//! be missing, and an answer is whole once a finish reason came. Dropping the stream closes the connection, which is how
//! a provider is told to stop (and to stop billing).

use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde::Deserialize;
use serde_json::Value;

use super::chat::{Choice, Completion, Finish, ToolCall, Usage, list_or_null};
use super::failure::{Failure, FailureKind};
use super::sse::SseDecoder;

/// The body of a streamed answer, its transport errors already told apart.
pub type Body = BoxStream<'static, Result<Bytes, Failure>>;

/// One step of a streamed answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// More text.
    Text(String),
    /// More of a refusal.
    Refusal(String),
    /// A tool call grew; read it from the whole answer at the end.
    ToolCall,
    /// The answer ended.
    Finished(Finish),
}

/// A streamed answer being read.
pub struct ChatStream {
    body: Option<Body>,
    decoder: SseDecoder,
    events: VecDeque<String>,
    pieces: VecDeque<Piece>,
    answer: Completion,
    finished: bool,
    over: bool,
}

impl ChatStream {
    /// Reads the events of `body`.
    pub fn new(body: Body) -> Self {
        let answer = Completion { choices: vec![Choice::default()], ..Completion::default() };
        Self {
            body: Some(body),
            decoder: SseDecoder::default(),
            events: VecDeque::new(),
            pieces: VecDeque::new(),
            answer,
            finished: false,
            over: false,
        }
    }

    /// The next piece; `None` when the answer is whole. After an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<Piece, Failure>> {
        while !self.over {
            if let Some(piece) = self.pieces.pop_front() {
                return Some(Ok(piece));
            }
            if let Some(data) = self.events.pop_front() {
                if let Err(failure) = self.take(&data) {
                    return Some(self.fail(failure));
                }
                continue;
            }
            let Some(body) = &mut self.body else {
                self.over = true;
                return if self.finished { None } else { Some(Err(cut_off())) };
            };
            match body.next().await {
                Some(Ok(bytes)) => {
                    let mut events = Vec::new();
                    if let Err(too_long) = self.decoder.feed(&bytes, &mut events) {
                        return Some(self.fail(Failure::new(FailureKind::Malformed, too_long.to_string())));
                    }
                    self.events.extend(events.into_iter().map(|event| event.data));
                }
                Some(Err(failure)) if !self.finished => return Some(self.fail(failure)),
                Some(Err(_)) => self.close(),
                None => {
                    self.body = None;
                    self.events.extend(std::mem::take(&mut self.decoder).finish().map(|event| event.data));
                }
            }
        }
        None
    }

    /// Reads to the end and gives the whole answer.
    pub async fn collect(mut self) -> Result<Completion, Failure> {
        while let Some(piece) = self.next().await {
            piece?;
        }
        Ok(self.answer)
    }

    /// The answer so far; whole after `next` gave `None`.
    pub fn answer(&self) -> &Completion {
        &self.answer
    }

    /// Closes the connection, so that the provider stops.
    pub fn close(&mut self) {
        self.body = None;
        self.over = true;
    }

    fn fail<T>(&mut self, failure: Failure) -> Result<T, Failure> {
        self.close();
        Err(failure)
    }

    fn take(&mut self, data: &str) -> Result<(), Failure> {
        if data.trim() == "[DONE]" {
            self.body = None;
            self.finished = true;
            return Ok(());
        }
        let event: Value = serde_json::from_str(data)
            .map_err(|error| Failure::new(FailureKind::Malformed, format!("a streamed event is not JSON: {error}")))?;
        if let Some(failure) = Failure::from_stream_event(&event) {
            return Err(failure);
        }
        let chunk: Chunk = serde_json::from_value(event)
            .map_err(|error| Failure::new(FailureKind::Malformed, format!("not a completion chunk: {error}")))?;
        self.add(chunk);
        Ok(())
    }

    fn add(&mut self, chunk: Chunk) {
        if self.answer.id.is_empty() {
            self.answer.id = chunk.id;
        }
        if self.answer.model.is_empty() {
            self.answer.model = chunk.model;
        }
        if chunk.usage.is_some() {
            self.answer.usage = chunk.usage;
        }
        let Some(choice) = chunk.choices.into_iter().find(|choice| choice.index == 0) else { return };
        let whole = &mut self.answer.choices[0];
        if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
            whole.message.content.get_or_insert_default().push_str(&text);
            self.pieces.push_back(Piece::Text(text));
        }
        if let Some(text) = choice.delta.refusal.filter(|text| !text.is_empty()) {
            whole.message.refusal.get_or_insert_default().push_str(&text);
            self.pieces.push_back(Piece::Refusal(text));
        }
        for part in choice.delta.tool_calls {
            part.add_to(&mut whole.message.tool_calls);
            self.pieces.push_back(Piece::ToolCall);
        }
        if let Some(finish) = choice.finish_reason {
            whole.finish_reason = finish;
            self.finished = true;
            self.pieces.push_back(Piece::Finished(finish));
        }
    }
}

fn cut_off() -> Failure {
    Failure::new(FailureKind::Interrupted, "the stream ended before the answer did")
}

/// The most parallel tool calls taken from a stream; an index above it is ignored.
const MOST_TOOL_CALLS: usize = 128;

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: String,
    #[serde(default, deserialize_with = "list_or_null")]
    choices: Vec<ChunkChoice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct ChunkChoice {
    #[serde(default)]
    index: u32,
    #[serde(default)]
    delta: Delta,
    #[serde(default)]
    finish_reason: Option<Finish>,
}

#[derive(Deserialize, Default)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default, deserialize_with = "list_or_null")]
    tool_calls: Vec<ToolPart>,
}

#[derive(Deserialize)]
struct ToolPart {
    #[serde(default)]
    index: usize,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: FunctionPart,
}

#[derive(Deserialize, Default)]
struct FunctionPart {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
}

impl ToolPart {
    fn add_to(self, calls: &mut Vec<ToolCall>) {
        if self.index >= MOST_TOOL_CALLS {
            return;
        }
        if calls.len() <= self.index {
            calls.resize_with(self.index + 1, ToolCall::default);
        }
        let call = &mut calls[self.index];
        if let Some(id) = self.id.filter(|id| !id.is_empty()) {
            call.id = id;
        }
        if let Some(name) = self.function.name {
            call.function.name.push_str(&name);
        }
        call.function.arguments.push_str(&self.function.arguments.unwrap_or_default());
    }
}
