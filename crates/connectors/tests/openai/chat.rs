use connectors::openai::chat::{
    ChatRequest, Completion, Finish, Message, ResponseFormat, SchemaFormat, Tool, ToolCall,
};
use connectors::openai::moderation;
use serde_json::json;

#[test]
fn a_request_says_only_what_was_set() {
    let request = ChatRequest { model: "m".into(), messages: vec![Message::user("hi")], ..ChatRequest::default() };
    assert_eq!(request.body(false, false), json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}));
}

#[test]
fn a_stream_asks_for_its_usage_and_older_servers_get_the_older_limit() {
    let request = ChatRequest { model: "m".into(), max_completion_tokens: Some(9), ..ChatRequest::default() };
    let body = request.body(true, true);
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
    assert_eq!((&body["max_tokens"], body.get("max_completion_tokens")), (&json!(9), None));
}

#[test]
fn schema_tools_and_a_tool_turn_in_wire_form() {
    let schema = json!({"type": "object"});
    let mut request = ChatRequest { model: "m".into(), ..ChatRequest::default() };
    let json_schema = SchemaFormat { name: "reply".into(), schema: schema.clone(), strict: true };
    request.response_format = Some(ResponseFormat::JsonSchema { json_schema });
    request.tools = vec![Tool::function("slots", "free slots", schema.clone())];
    request.messages = vec![
        Message::Assistant { content: None, tool_calls: vec![ToolCall::new("a", "slots", "{}")] },
        Message::Tool { tool_call_id: "a".into(), content: "[]".into() },
    ];
    let body = request.body(false, false);
    let format = json!({"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": true}});
    assert_eq!(body["response_format"], format);
    assert_eq!(body["tools"][0]["type"], "function");
    assert_eq!(
        body["messages"][0],
        json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "slots", "arguments": "{}"}}]})
    );
    assert_eq!(body["messages"][1], json!({"role": "tool", "tool_call_id": "a", "content": "[]"}));
}

#[test]
fn an_answer_may_refuse_or_lack_what_is_optional() {
    let refused: Completion = serde_json::from_value(json!({"id": "x", "choices": [{"index": 0, "message":
        {"role": "assistant", "content": null, "refusal": "no"}, "finish_reason": "stop"}]}))
    .expect("a completion");
    assert_eq!((refused.text(), refused.refusal(), refused.usage), (None, Some("no"), None));
    let odd: Completion = serde_json::from_value(json!({"choices": [{"message": {"content": "a", "tool_calls": null},
        "finish_reason": "brand_new"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "new": {}}}))
    .expect("a completion");
    assert_eq!((odd.text(), odd.finish()), (Some("a"), Finish::Other));
    let null: Completion =
        serde_json::from_value(json!({"choices": [{"message": {}, "finish_reason": null}]})).expect("a completion");
    assert_eq!(null.finish(), Finish::Other);
}

#[test]
fn moderation_verdicts_are_read_and_counted() {
    let body = json!({"id": "m", "results": [{"flagged": true, "categories": {"hate": true, "violence": false, "illicit": null},
        "category_scores": {"hate": 0.9, "violence": 0.1}}]});
    let verdicts = moderation::read(body.to_string().as_bytes(), 1).expect("one verdict");
    assert_eq!(verdicts[0].found().collect::<Vec<_>>(), ["hate"]);
    assert!((verdicts[0].risk() - 0.9).abs() < 1e-6);
    assert!(moderation::read(body.to_string().as_bytes(), 2).is_err(), "a text without a verdict is an error");
}
