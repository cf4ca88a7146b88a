use connectors::hubspot::batch::{BatchAnswer, InputKey, outcomes};
use connectors::hubspot::failure::FailureKind;
use serde_json::{Value, json};

fn answer(json: Value) -> BatchAnswer {
    serde_json::from_value(json).expect("a batch answer")
}

fn email(address: &str) -> InputKey {
    InputKey { unique: Some(("email".into(), address.into())), ..InputKey::default() }
}

#[test]
fn results_find_their_inputs_in_any_order() {
    let answer = answer(json!({"status": "COMPLETE", "results": [
        {"id": "2", "new": false, "properties": {"email": "b@example.com"}},
        {"id": "1", "new": true, "properties": {"email": "a@example.com", "phone": null}}]}));
    let made = outcomes(&[email("A@example.com"), email("b@example.com")], &answer);
    let ids: Vec<_> = made.iter().map(|outcome| outcome.as_ref().expect("made").id.as_str()).collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(made[0].as_ref().unwrap().value("phone"), None);
}

#[test]
fn a_207_fails_only_the_inputs_it_names() {
    let answer = answer(json!({"status": "COMPLETE", "numErrors": 2, "results": [
        {"id": "1", "properties": {"email": "a@example.com"}}],
        "errors": [
            {"status": "error", "category": "VALIDATION_ERROR", "message": "Property values were not valid",
             "context": {"id": ["bad@"]}},
            {"status": "error", "category": "CONFLICT", "message": "Contact already exists. Existing ID: 9",
             "context": {"objectWriteTraceId": ["t3"]}}]}));
    let traced = InputKey { trace: Some("t3".into()), ..email("c@example.com") };
    let made = outcomes(&[email("a@example.com"), email("bad@"), traced, email("d@example.com")], &answer);
    assert_eq!(made[0].as_ref().unwrap().id, "1");
    assert_eq!(made[1].as_ref().unwrap_err().kind, FailureKind::Invalid);
    assert_eq!(made[2].as_ref().unwrap_err().kind, FailureKind::Conflict { existing: Some("9".into()) });
    assert_eq!(made[3].as_ref().unwrap_err().kind, FailureKind::Unavailable, "no word about it is a failure too");
}

#[test]
fn creates_are_matched_by_trace_or_by_place_when_nothing_failed() {
    let trace = |trace: &str| InputKey { trace: Some(trace.into()), ..InputKey::default() };
    let plain = answer(json!({"results": [{"id": "1"}, {"id": "2"}]}));
    let made = outcomes(&[trace("a"), trace("b")], &plain);
    assert_eq!(made[1].as_ref().unwrap().id, "2");
    let traced = answer(json!({"results": [{"id": "2", "objectWriteTraceId": "b"}],
        "errors": [{"category": "VALIDATION_ERROR", "message": "bad", "context": {}}]}));
    let made = outcomes(&[trace("a"), trace("b")], &traced);
    assert_eq!(made[0].as_ref().unwrap_err().kind, FailureKind::Invalid, "the only error is of the only one left");
    assert_eq!(made[1].as_ref().unwrap().id, "2");
}
