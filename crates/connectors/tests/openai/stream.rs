use bytes::Bytes;
use connectors::openai::chat::Finish;
use connectors::openai::failure::{Failure, FailureKind};
use connectors::openai::stream::{ChatStream, Piece};
use futures_util::{FutureExt, StreamExt, stream};

/// A stream of these pieces; it never waits, so every step is ready at once.
fn of(pieces: &[&str]) -> ChatStream {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece.as_bytes()))).collect();
    ChatStream::new(stream::iter(pieces).boxed())
}

fn read(stream: &mut ChatStream) -> Vec<Result<Piece, Failure>> {
    std::iter::from_fn(|| stream.next().now_or_never().expect("nothing waits")).collect()
}

fn event(json: &str) -> String {
    format!("data: {json}\n\n")
}

fn text(text: &str) -> String {
    event(&format!(
        r#"{{"id":"c1","model":"m","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}],"usage":null}}"#
    ))
}

const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[test]
fn text_finish_usage_and_done() {
    let mut stream = of(&[&text("Hel"), &text("lo"), STOP, USAGE, DONE]);
    let pieces: Vec<_> = read(&mut stream).into_iter().map(Result::unwrap).collect();
    assert_eq!(pieces, [Piece::Text("Hel".into()), Piece::Text("lo".into()), Piece::Finished(Finish::Stop)]);
    let answer = stream.answer();
    assert_eq!((answer.id.as_str(), answer.model.as_str(), answer.text()), ("c1", "m", Some("Hello")));
    assert_eq!(answer.usage.expect("the usage came").total(), 11);
}

#[test]
fn an_answer_is_whole_without_done_and_without_usage() {
    let mut stream = of(&[&text("Hi"), STOP]);
    assert!(read(&mut stream).iter().all(Result::is_ok));
    assert_eq!(stream.answer().usage, None);
}

#[test]
fn a_stream_cut_before_its_finish_fails_and_keeps_what_came() {
    let mut stream = of(&[&text("Hal"), "data: {\"cho"]);
    let last = read(&mut stream).pop().expect("a failure").unwrap_err();
    assert_eq!(last.kind, FailureKind::Malformed, "half an event at the end is no event");
    let mut stream = of(&[&text("Hal")]);
    let last = read(&mut stream).pop().expect("a failure").unwrap_err();
    assert_eq!(last.kind, FailureKind::Interrupted);
    assert_eq!(stream.answer().text(), Some("Hal"));
}

#[test]
fn a_transport_error_after_the_finish_is_no_error() {
    let cut = Failure::new(FailureKind::Interrupted, "reset");
    let pieces = vec![Ok(Bytes::from(text("Hi"))), Ok(Bytes::from_static(STOP.as_bytes())), Err(cut.clone())];
    let mut whole = ChatStream::new(stream::iter(pieces).boxed());
    assert!(read(&mut whole).iter().all(Result::is_ok));
    let mut broken = ChatStream::new(stream::iter(vec![Ok(Bytes::from(text("Hi"))), Err(cut)]).boxed());
    assert!(read(&mut broken).last().expect("a failure").is_err());
}

#[test]
fn an_error_in_the_middle_ends_the_stream_with_its_kind() {
    let error = event(r#"{"error":{"message":"slow down","type":"rate_limit_error","code":null}}"#);
    let mut stream = of(&[&text("Hi"), &error, &text("never")]);
    let steps = read(&mut stream);
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[1].as_ref().unwrap_err().kind, FailureKind::RateLimited);
}

#[test]
fn tool_calls_are_put_together_from_their_parts() {
    let part = |json: &str| event(&format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{json}]}}}}]}}"#));
    let end = event(r#"{"choices":[{"index":0,"delta":{"content":null},"finish_reason":"tool_calls"}]}"#);
    let mut stream = of(&[
        &part(r#"{"index":0,"id":"a","type":"function","function":{"name":"slots","arguments":""}}"#),
        &part(r#"{"index":0,"function":{"arguments":"{\"day\":"}}"#),
        &part(r#"{"index":1,"id":"b","type":"function","function":{"name":"price","arguments":"{}"}}"#),
        &part(r#"{"index":0,"function":{"arguments":"\"Mon\"}"}}"#),
        &part(r#"{"index":999999999,"function":{"arguments":"x"}}"#),
        &end,
        DONE,
    ]);
    read(&mut stream);
    let calls = stream.answer().tool_calls();
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].id.as_str(), calls[0].function.name.as_str()), ("a", "slots"));
    assert_eq!(calls[0].function.arguments, r#"{"day":"Mon"}"#);
    assert_eq!(stream.answer().finish(), Finish::ToolCalls);
}

#[test]
fn a_refusal_is_its_own_piece() {
    let refusal = event(r#"{"choices":[{"index":0,"delta":{"refusal":"I can't"}}]}"#);
    let mut stream = of(&[&refusal, STOP, DONE]);
    assert_eq!(read(&mut stream)[0].as_ref().unwrap(), &Piece::Refusal("I can't".into()));
    assert_eq!((stream.answer().refusal(), stream.answer().text()), (Some("I can't"), None));
}

#[test]
fn azure_begins_with_a_piece_without_choices_and_padding_is_ignored() {
    let first = event(r#"{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#);
    let padded = event(r#"{"choices":[{"index":0,"delta":{"content":"Hi"}}],"obfuscation":"aXbY"}"#);
    let mut stream = of(&[&first, &padded, STOP, DONE]);
    read(&mut stream);
    assert_eq!(stream.answer().text(), Some("Hi"));
}

#[test]
fn what_is_no_json_ends_the_stream() {
    let mut stream = of(&["data: <html>\n\n", STOP]);
    let steps = read(&mut stream);
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].as_ref().unwrap_err().kind, FailureKind::Malformed);
}

#[test]
fn dropping_or_closing_lets_go_of_the_body() {
    struct Told(std::sync::Arc<std::sync::atomic::AtomicBool>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }
    let gone = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let told = Told(gone.clone());
    let body = stream::pending::<Result<Bytes, Failure>>().map(move |piece| {
        let _held = &told;
        piece
    });
    let mut stream = ChatStream::new(body.boxed());
    assert!(stream.next().now_or_never().is_none(), "it waits for the server");
    stream.close();
    assert!(gone.load(std::sync::atomic::Ordering::SeqCst));
    assert!(stream.next().now_or_never().expect("closed").is_none());
}
