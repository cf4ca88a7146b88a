//! Consent, codes and refresh tokens against a token endpoint.

use std::collections::BTreeMap;

use connectors::google::{ANALYTICS_SCOPE, app};
use connectors::oauth::OAuthApp;
use connectors::source::SourceError;
use kernel::config::Secret;
use kernel::http::{Http, Url};
use standins::google::{Google, GoogleConfig};
use standins::{Fault, Handle, Rule};

const BACK: &str = "https://us.example.com/callback";

async fn ready() -> (Handle<Google>, Http, OAuthApp) {
    let system = Google::start(GoogleConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let secret = Secret::new(system.config.client_secret.as_str());
    let app = app(system.base_url(), &system.config.client_id, secret, &[ANALYTICS_SCOPE]);
    (system, crate::contract::http(std::time::Duration::from_secs(20)), app)
}

/// What a person's browser brings back: the code, and the verifier to go with it.
async fn consent(http: &Http, app: &OAuthApp) -> (String, Secret) {
    let consent = app.authorise_url("state 1", BACK).expect("an address");
    let answer = http.get("browser", &consent.url).send().await.expect("the consent page");
    let back = Url::parse(answer.header("location").expect("it sends the person back")).expect("an address");
    let pairs: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(pairs["state"], "state 1");
    (pairs["code"].clone(), consent.verifier.expect("a verifier"))
}

#[tokio::test]
async fn a_code_is_good_once_and_with_its_verifier() {
    let (system, http, app) = ready().await;
    let (code, verifier) = consent(&http, &app).await;
    let tokens = app.exchange(&http, &code, BACK, Some(&verifier)).await.expect("tokens");
    assert_eq!(tokens.scopes, [ANALYTICS_SCOPE]);
    assert!(tokens.expires_at.is_some());
    let again = app.exchange(&http, &code, BACK, Some(&verifier)).await;
    assert!(matches!(again, Err(SourceError::Reconnect(_))), "{again:?}");
    let (code, _) = consent(&http, &app).await;
    let other = app.exchange(&http, &code, BACK, Some(&verifier)).await;
    assert!(matches!(other, Err(SourceError::Reconnect(_))), "another verifier: {other:?}");
    let asked = system.requests();
    let exchanges = asked.iter().filter(|request| request.path == "/token");
    assert!(exchanges.clone().count() == 3 && exchanges.clone().all(|request| request.query.is_empty()));
}

#[tokio::test]
async fn a_refresh_keeps_the_old_token_until_the_grant_is_gone() {
    let (system, http, app) = ready().await;
    let (_, refresh) = system.grant(&[ANALYTICS_SCOPE]);
    let refresh = Secret::new(refresh);
    let tokens = app.refresh(&http, &refresh).await.expect("tokens");
    assert_eq!(tokens.refresh_token, Some(refresh.clone()), "none came, so the old one stays");
    system.grants.revoke();
    match app.refresh(&http, &refresh).await {
        Err(SourceError::Reconnect(said)) => {
            assert_eq!(said, "invalid_grant: Token has been expired or revoked.", "word by word");
        }
        other => panic!("{other:?}"),
    }
    let stranger = OAuthApp { client_id: "stranger".into(), ..app.clone() };
    match stranger.refresh(&http, &refresh).await {
        Err(SourceError::Refused(said)) => assert!(said.starts_with("invalid_client"), "{said}"),
        other => panic!("{other:?}"),
    }
    system.fail(Rule::next("POST /token", 1, Fault::Status { status: 503, retry_after: None }));
    let down = app.refresh(&http, &refresh).await;
    assert!(matches!(down, Err(SourceError::Unavailable(_))), "{down:?}");
    system.fail(Rule::next("POST /token", 1, Fault::LoseAnswer));
    let lost = app.refresh(&http, &refresh).await;
    assert!(matches!(lost, Err(SourceError::Unavailable(_))), "{lost:?}");
}
