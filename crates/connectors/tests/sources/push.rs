//! Pushes of Pub/Sub, signed as Google signs them.

use std::time::Duration;

use connectors::google::push::{Expected, Keys, PushError};
use serde_json::{Value, json};
use standins::google::push::{self, By};
use standins::google::{Google, GoogleConfig};
use standins::{Fault, Handle, Rule};

const US: &str = "https://us.example.com/webhooks/sources/google_business";
const ACCOUNT: &str = "push@acme.iam.gserviceaccount.com";

async fn start() -> Handle<Google> {
    Google::start(GoogleConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
}

/// What becomes of a token with changed claims.
async fn outcome(system: &Handle<Google>, keys: &Keys, changes: &[(&str, Value)], by: By) -> Result<(), PushError> {
    let http = crate::contract::http(Duration::from_secs(20));
    let mut claims = push::claims(US, ACCOUNT, http.clock().now().timestamp());
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    let url = format!("{}/oauth2/v3/certs", system.base_url());
    let expected = Expected { keys_url: &url, audience: US, service_account: ACCOUNT };
    keys.verify(&http, expected, &format!("Bearer {}", push::token(&claims, by))).await
}

fn asked(system: &Handle<Google>) -> usize {
    system.requests().iter().filter(|request| request.path == "/oauth2/v3/certs").count()
}

#[tokio::test]
async fn only_what_google_signed_for_us_is_taken() {
    let system = start().await;
    let keys = Keys::default();
    assert_eq!(outcome(&system, &keys, &[], By::Published).await, Ok(()));
    let wrong: [&[(&str, Value)]; 4] = [
        &[("aud", json!("https://else.example.com"))],
        &[("exp", json!(1_000_000_000)), ("iat", json!(999_990_000))],
        &[("email", json!("other@acme.iam.gserviceaccount.com"))],
        &[("email_verified", json!(false))],
    ];
    for changes in wrong {
        let told = outcome(&system, &keys, changes, By::Published).await;
        assert!(matches!(told, Err(PushError::Untrusted(_))), "{changes:?}: {told:?}");
    }
    for by in [By::Foreign, By::Unknown] {
        let told = outcome(&system, &keys, &[], by).await;
        assert!(matches!(told, Err(PushError::Untrusted(_))), "{by:?}: {told:?}");
    }
    assert_eq!(asked(&system), 1, "the keys are kept as long as Google allows");
    let http = crate::contract::http(Duration::from_secs(20));
    let expected = Expected { keys_url: "", audience: US, service_account: ACCOUNT };
    for header in ["", "Bearer ", "Basic dXM6cw=="] {
        assert!(matches!(keys.verify(&http, expected, header).await, Err(PushError::Untrusted(_))), "{header}");
    }
}

#[tokio::test]
async fn without_googles_keys_a_push_is_to_come_again() {
    let system = start().await;
    system.fail(Rule::always("GET /oauth2/*", Fault::Status { status: 503, retry_after: None }));
    let keys = Keys::default();
    let told = outcome(&system, &keys, &[], By::Published).await;
    assert!(matches!(told, Err(PushError::Unavailable(_))), "{told:?}");
    let before = asked(&system);
    let again = outcome(&system, &keys, &[], By::Published).await;
    assert!(matches!(again, Err(PushError::Unavailable(_))), "{again:?}");
    assert_eq!(asked(&system), before, "and it is left alone for a minute");
}
