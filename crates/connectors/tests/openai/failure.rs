use connectors::openai::failure::{Failure, FailureKind};
use serde_json::json;

#[test]
fn answers_are_told_apart() {
    use FailureKind::*;
    let cases = [
        (
            429,
            r#"{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
            RateLimited,
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            QuotaExhausted,
        ),
        (429, r#"{"error":{"message":"too fast","code":"429"}}"#, RateLimited),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens","type":"invalid_request_error","code":null}}"#,
            ContextTooLong,
        ),
        (
            400,
            r#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            ContextTooLong,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"request (5026 tokens) exceeds the available context size","type":"exceed_context_size_error"}}"#,
            ContextTooLong,
        ),
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}"#,
            InvalidKey,
        ),
        (401, r#"{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}"#, InvalidKey),
        (
            400,
            r#"{"error":{"message":"filtered","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            ContentFiltered,
        ),
        (403, r#"{"error":{"message":"no"}}"#, Forbidden),
        (404, r#"{"error":{"message":"no model","code":"model_not_found"}}"#, NotFound),
        (422, r#"{"error":{"message":"bad"}}"#, InvalidRequest),
        (400, r#"{"error":{"message":null,"type":null,"code":null}}"#, InvalidRequest),
        (500, "<html>oops</html>", Unavailable),
        (503, "", Unavailable),
        (504, "", TimedOut),
        (408, "", TimedOut),
    ];
    for (status, body, kind) in cases {
        assert_eq!(Failure::from_answer(status, body.as_bytes()).kind, kind, "{status} {body}");
    }
}

#[test]
fn no_money_is_never_retried_and_too_fast_is() {
    let quota = Failure::from_answer(429, br#"{"error":{"message":"","code":"insufficient_quota"}}"#);
    let fast = Failure::from_answer(429, br#"{"error":{"message":"","code":"rate_limit_exceeded"}}"#);
    assert!(!quota.is_retryable() && fast.is_retryable());
    let told = Failure { should_retry: Some(false), ..fast };
    assert!(!told.is_retryable(), "the provider's own word outranks our table");
}

#[test]
fn our_own_mistakes_do_not_open_the_breaker() {
    for kind in [FailureKind::InvalidRequest, FailureKind::ContextTooLong, FailureKind::ContentFiltered] {
        assert!(!Failure::new(kind, "").counts_against_provider());
    }
    assert!(Failure::new(FailureKind::TimedOut, "").counts_against_provider());
}

#[test]
fn keys_in_messages_are_masked() {
    let body = br#"{"error":{"message":"Incorrect API key provided: sk-proj-abc123. See the docs.","code":"invalid_api_key"}}"#;
    let failure = Failure::from_answer(401, body);
    assert_eq!(failure.message, "Incorrect API key provided: sk-*** See the docs.");
    let azure = Failure::new(FailureKind::InvalidKey, "key 0123456789abcdef0123456789abcdef is wrong");
    assert_eq!(azure.message, "key sk-*** is wrong");
}

#[test]
fn an_error_in_a_stream_is_read_in_both_forms() {
    assert_eq!(Failure::from_stream_event(&json!({"error": "down"})).expect("an error").kind, FailureKind::Unavailable);
    let object = json!({"error": {"message": "x", "code": 429}});
    assert_eq!(Failure::from_stream_event(&object).expect("an error").kind, FailureKind::RateLimited);
    assert!(Failure::from_stream_event(&json!({"choices": [], "error": null})).is_none());
}
