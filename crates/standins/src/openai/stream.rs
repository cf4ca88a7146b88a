//! The streamed form: one event per few characters, the usage in an extra chunk, and the ways a stream goes wrong.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};

use super::ApiError;
use super::chat::{Frame, Thought};

const PIECE: usize = 12;

pub(super) fn answer(body: &Value, frame: &Frame, thought: &Thought, choices: usize, quirk: Option<&str>) -> Response {
    let with_usage = body["stream_options"]["include_usage"] == json!(true);
    let chunk = |index: usize, delta: Value, finish: Option<&str>| {
        let mut chunk =
            frame_json(frame, &json!([{ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish }]));
        if with_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let mut events: Vec<String> = Vec::new();
    for index in 0..choices {
        events.push(event(&chunk(index, json!({ "role": "assistant", "content": "", "refusal": null }), None)));
        for delta in deltas(thought) {
            events.push(event(&chunk(index, delta, None)));
        }
        events.push(event(&chunk(index, json!({}), Some(thought.finish))));
    }
    match quirk {
        // The connection ends in good order, but too early: no finish, no usage, no terminator.
        Some("cut_stream") => events.truncate(events.len().div_ceil(2)),
        Some("error_mid_stream") => {
            events.truncate(events.len().div_ceil(2));
            events.push(event(&ApiError::rate("tokens").json()));
        }
        _ => {
            if with_usage {
                let mut last = frame_json(frame, &json!([]));
                last["usage"] = frame.usage();
                events.push(event(&last));
            }
            events.push("data: [DONE]\n\n".to_owned());
        }
    }
    let body = Body::from_stream(stream::iter(events.into_iter().map(Ok::<_, Infallible>)));
    ([(CONTENT_TYPE, "text/event-stream; charset=utf-8")], body).into_response()
}

fn frame_json(frame: &Frame, choices: &Value) -> Value {
    json!({
        "id": frame.id, "object": "chat.completion.chunk", "created": frame.created, "model": frame.model,
        "service_tier": "default", "system_fingerprint": "fp_standin", "choices": choices,
    })
}

fn event(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

/// The content, the refusal and the calls in pieces; a call's id and name come with its first piece only.
fn deltas(thought: &Thought) -> Vec<Value> {
    let mut deltas: Vec<Value> = Vec::new();
    deltas.extend(pieces(thought.content.as_deref()).map(|piece| json!({ "content": piece })));
    deltas.extend(pieces(thought.refusal.as_deref()).map(|piece| json!({ "refusal": piece })));
    for (index, call) in thought.calls.iter().enumerate() {
        let name = &call["function"]["name"];
        deltas.push(json!({ "tool_calls": [{ "index": index, "id": call["id"], "type": "function", "function": { "name": name, "arguments": "" } }] }));
        let arguments = call["function"]["arguments"].as_str();
        deltas.extend(
            pieces(arguments)
                .map(|piece| json!({ "tool_calls": [{ "index": index, "function": { "arguments": piece } }] })),
        );
    }
    deltas
}

fn pieces(text: Option<&str>) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.unwrap_or_default().chars().collect();
    characters.chunks(PIECE).map(|piece| piece.iter().collect()).collect::<Vec<String>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_whole() {
        let thought = Thought { content: Some("günstig 🙂 und gut, finde ich".into()), ..Thought::default() };
        let joined: String =
            deltas(&thought).iter().map(|delta| delta["content"].as_str().unwrap().to_owned()).collect();
        assert_eq!(joined, thought.content.unwrap());
    }
}
