use std::time::Duration;

use connectors::hubspot::failure::{Failure, FailureKind, Limit, existing_id};

fn read(status: u16, body: &str) -> Failure {
    Failure::from_answer(status, None, body.as_bytes())
}

#[test]
fn the_three_limits_are_told_apart_and_wait_their_time() {
    let cases = [
        (
            r#"{"errorType":"RATE_LIMIT","policyName":"DAILY","message":"You have reached your daily limit."}"#,
            Limit::Daily,
            3600,
        ),
        (
            r#"{"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING","message":"You have reached your ten_secondly_rolling limit."}"#,
            Limit::TenSecondly,
            10,
        ),
        (
            r#"{"errorType":"RATE_LIMIT","policyName":"SECONDLY","message":"You have reached your secondly limit."}"#,
            Limit::Secondly,
            1,
        ),
        (r#"{"message":"You have reached your secondly limit."}"#, Limit::Secondly, 1),
        (r#"{"message":"You have reached your daily limit."}"#, Limit::Daily, 3600),
        ("", Limit::TenSecondly, 10),
    ];
    for (body, limit, seconds) in cases {
        let failure = read(429, body);
        assert_eq!(failure.kind, FailureKind::RateLimited(limit), "{body}");
        assert_eq!(failure.retry_after, Some(Duration::from_secs(seconds)), "{body}");
        assert!(failure.is_retryable());
    }
    let told = Failure::from_answer(429, Some(Duration::from_secs(3)), br#"{"policyName":"DAILY"}"#);
    assert_eq!(told.retry_after, Some(Duration::from_secs(3)), "HubSpot's own word wins");
}

#[test]
fn a_conflict_names_the_record_that_is_there() {
    let failure =
        read(409, r#"{"status":"error","category":"CONFLICT","message":"Contact already exists. Existing ID: 4711"}"#);
    assert_eq!(failure.kind, FailureKind::Conflict { existing: Some("4711".into()) });
    assert_eq!(existing_id("Existing ID: 12. Existing ID:34!"), Some("34".into()));
    assert_eq!(existing_id("Existing ID: none"), None);
    assert_eq!(read(409, "{}").kind, FailureKind::Conflict { existing: None });
}

#[test]
fn other_answers_say_what_to_do() {
    use FailureKind::*;
    let cases = [
        (401, r#"{"category":"EXPIRED_AUTHENTICATION","message":"expired"}"#, Unauthorised),
        (403, r#"{"category":"MISSING_SCOPES","message":"no scope"}"#, MissingScopes),
        (404, r#"{"category":"OBJECT_NOT_FOUND","message":"gone"}"#, NotFound),
        (400, r#"{"category":"VALIDATION_ERROR","message":"bad email"}"#, Invalid),
        (400, r#"{"error":"invalid_grant","message":"refresh token is invalid"}"#, GrantExpired),
        (400, r#"{"status":"BAD_AUTH_CODE","category":"BAD_AUTH_CODE","message":"x"}"#, GrantExpired),
        (502, "<html>", Unavailable),
        (503, "", Unavailable),
    ];
    for (status, body, kind) in cases {
        assert_eq!(read(status, body).kind, kind, "{status} {body}");
    }
    let failure = read(400, r#"{"category":"VALIDATION_ERROR","message":"bad","correlationId":"c-1"}"#);
    assert_eq!(failure.correlation_id.as_deref(), Some("c-1"));
}
