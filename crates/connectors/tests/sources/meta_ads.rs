//! Meta's insights: long stretches as report runs, short ones at once.

use connectors::meta_ads::{Config, app, source};
use connectors::oauth::Credentials;
use connectors::source::{Source, SourceError};
use kernel::config::Secret;
use kernel::http::{Http, Url};
use standins::Handle;
use standins::meta_ads::{MetaAds, MetaAdsConfig};

use crate::contract::{Case, Expected, contract};

struct Insights;

impl Case for Insights {
    type System = MetaAds;
    const RENEWS: bool = false;

    async fn start() -> Handle<MetaAds> {
        MetaAds::start(MetaAdsConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
    }

    fn credentials(_http: &Http, system: &Handle<MetaAds>) -> Credentials {
        Credentials::token(system.grant())
    }

    fn source(http: &Http, system: &Handle<MetaAds>, credentials: Credentials) -> Box<dyn Source> {
        let account = system.config.account.clone();
        let config = Config { account, page_size: 20, slice_days: 40, ..Config::default() };
        Box::new(source(http, system.base_url(), config, credentials))
    }

    fn streams(system: &Handle<MetaAds>) -> Vec<Expected> {
        vec![Expected { stream: "insights", endpoint: "GET */insights", signals: system.count(), pages: 6 }]
    }

    fn grow(system: &Handle<MetaAds>, _stream: &str) -> usize {
        system.leads_are_corrected("2026-10-01".parse().expect("a day"), "120001", 9);
        system.day_comes("2026-10-16".parse().expect("a day"));
        2
    }

    fn expire(system: &Handle<MetaAds>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<MetaAds>) {
        system.grants.revoke();
    }
}

contract!(Insights, insights);

#[tokio::test]
async fn a_token_is_lengthened_while_it_works() {
    let system = Insights::start().await;
    let http = crate::contract::http(std::time::Duration::from_secs(20));
    let secret = Secret::new(system.config.app_secret.as_str());
    let app = app(system.base_url(), "v25.0", &system.config.app_id, secret);
    let consent = app.authorise_url("s1", "https://us.example.com/back").expect("an address");
    assert!(consent.verifier.is_none() && consent.url.contains("scope=ads_read"), "{}", consent.url);
    let answer = http.get("browser", &consent.url).send().await.expect("the dialog");
    let back = Url::parse(answer.header("location").expect("it sends the person back")).expect("an address");
    let code = back.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned()).expect("a code");
    let old = app.exchange(&http, &code, "https://us.example.com/back", None).await.expect("a token that lasts");
    assert_eq!(old.refresh_token.as_ref(), Some(&old.access_token), "it is its own refresh token");
    let in_a_month = http.clock().now() + chrono::Duration::days(30);
    assert!(old.expires_at.is_some_and(|at| at > in_a_month), "it is not the short one: {old:?}");
    let fresh = app.refresh(&http, &old.access_token).await.expect("another that lasts");
    assert_ne!(fresh.access_token, old.access_token);
    system.grants.expire();
    let told = app.refresh(&http, &old.access_token).await;
    assert!(matches!(told, Err(SourceError::Reconnect(_))), "{told:?}");
}

#[tokio::test]
async fn an_account_that_asks_too_much_is_told_for_how_long() {
    use standins::{Fault, Rule};

    let system = Insights::start().await;
    let http = crate::contract::http(std::time::Duration::from_secs(20));
    let source = Insights::source(&http, &system, Insights::credentials(&http, &system));
    system.fail(Rule::next("GET *", 1, Fault::Error { name: "80000".into(), retry_after: None }));
    match source.check().await {
        Err(SourceError::RateLimited { retry_after }) => {
            assert_eq!(retry_after, Some(std::time::Duration::from_secs(180)), "three minutes, in a header");
        }
        other => panic!("{other:?}"),
    }
    let proved =
        connectors::meta_ads::source(&http, system.base_url(), Config::default(), Credentials::token(system.grant()));
    let proved = proved.proved(Secret::new("app secret"));
    assert!(proved.check().await.is_err(), "there is no account without a number");
    let sent = system.requests();
    assert!(sent.last().is_some_and(|request| request.query.contains("appsecret_proof=")), "{:?}", sent.last());
}
