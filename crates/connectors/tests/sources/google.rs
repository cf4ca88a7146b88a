//! Business Profile, Analytics and Ads (as streams and in pages).

use std::sync::Arc;

use chrono::NaiveDate;
use connectors::google::{ads, analytics, app, business};
use connectors::oauth::{Access, Credentials, Renewal, Tokens};
use connectors::source::Source;
use kernel::config::Secret;
use kernel::http::Http;
use standins::Handle;
use standins::google::{ADS, ANALYTICS, BUSINESS, Google, GoogleConfig};

use crate::contract::{Case, Expected, contract};

const SCOPES: [&str; 3] = [BUSINESS, ANALYTICS, ADS];

async fn start(config: GoogleConfig) -> Handle<Google> {
    Google::start(config, ([127, 0, 0, 1], 0).into()).await.expect("a free port")
}

fn credentials(http: &Http, system: &Handle<Google>) -> Credentials {
    let (access, refresh) = system.grant(&SCOPES);
    let app =
        app(system.base_url(), &system.config.client_id, Secret::new(system.config.client_secret.as_str()), &SCOPES);
    let tokens = Tokens { refresh_token: Some(Secret::new(refresh)), ..Tokens::fixed(Secret::new(access)) };
    Credentials::OAuth(Access::renewed(tokens, Arc::new(Renewal { http: http.clone(), app })))
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

struct Business;

impl Case for Business {
    type System = Google;
    const RENEWS: bool = true;

    async fn start() -> Handle<Google> {
        start(GoogleConfig::default()).await
    }

    fn credentials(http: &Http, system: &Handle<Google>) -> Credentials {
        credentials(http, system)
    }

    fn source(http: &Http, system: &Handle<Google>, credentials: Credentials) -> Box<dyn Source> {
        let time_zone = Some("America/Chicago".to_owned());
        let config = business::Config { page_size: 10, slice_days: 40, time_zone, ..business::Config::default() };
        Box::new(business::source(http, system.base_url(), config, credentials))
    }

    fn streams(system: &Handle<Google>) -> Vec<Expected> {
        let [reviews, days, ..] = system.counts();
        vec![
            Expected { stream: "reviews", endpoint: "GET /v4/*/reviews", signals: reviews, pages: 6 },
            Expected { stream: "performance", endpoint: "GET /v1/locations/*", signals: days, pages: 6 },
        ]
    }

    fn grow(system: &Handle<Google>, stream: &str) -> usize {
        if stream == "reviews" {
            system.review_is_answered("2026-10-16T10:00:00Z");
            system.review_comes("2026-10-16T09:00:00Z");
            return 1;
        }
        system.day_comes(day("2026-10-16"));
        2
    }

    fn expire(system: &Handle<Google>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<Google>) {
        system.grants.revoke();
    }
}

struct Analytics;

impl Case for Analytics {
    type System = Google;
    const RENEWS: bool = true;

    async fn start() -> Handle<Google> {
        start(GoogleConfig::default()).await
    }

    fn credentials(http: &Http, system: &Handle<Google>) -> Credentials {
        credentials(http, system)
    }

    fn source(http: &Http, system: &Handle<Google>, credentials: Credentials) -> Box<dyn Source> {
        let property = system.config.property.clone();
        let config = analytics::Config { property, page_size: 50, ..analytics::Config::default() };
        Box::new(analytics::source(http, system.base_url(), config, credentials))
    }

    fn streams(system: &Handle<Google>) -> Vec<Expected> {
        let signals = system.counts()[2];
        vec![Expected { stream: "traffic", endpoint: "POST /v1beta/properties/*", signals, pages: 4 }]
    }

    fn grow(system: &Handle<Google>, _stream: &str) -> usize {
        system.day_comes(day("2026-10-16"));
        1
    }

    fn expire(system: &Handle<Google>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<Google>) {
        system.grants.revoke();
    }
}

struct Ads<const STREAM: bool>;

impl<const STREAM: bool> Case for Ads<STREAM> {
    type System = Google;
    const RENEWS: bool = true;

    async fn start() -> Handle<Google> {
        let manager = Some("9998887777".to_owned());
        start(GoogleConfig { ads_page: 20, manager, ..GoogleConfig::default() }).await
    }

    fn credentials(http: &Http, system: &Handle<Google>) -> Credentials {
        credentials(http, system)
    }

    fn source(http: &Http, system: &Handle<Google>, credentials: Credentials) -> Box<dyn Source> {
        let config = ads::Config {
            customer: "123-456-7890".into(),
            login_customer: Some("999-888-7777".into()),
            stream: STREAM,
            late_days: 7,
            ..ads::Config::default()
        };
        Box::new(ads::source(http, system.base_url(), config, credentials))
    }

    fn streams(system: &Handle<Google>) -> Vec<Expected> {
        let [.., days, calls] = system.counts();
        let endpoint = if STREAM { "POST */googleAds:searchStream" } else { "POST */googleAds:search" };
        vec![
            Expected { stream: "campaigns", endpoint, signals: days, pages: if STREAM { 4 } else { 7 } },
            Expected { stream: "calls", endpoint, signals: calls, pages: 4 },
        ]
    }

    fn grow(system: &Handle<Google>, stream: &str) -> usize {
        if stream == "campaigns" {
            system.spend_is_corrected(day("2026-10-13"), 56, 77_120_000);
        }
        system.day_comes(day("2026-10-16"));
        1
    }

    fn expire(system: &Handle<Google>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<Google>) {
        system.grants.revoke();
    }
}

contract!(Business, business_profile);
contract!(Analytics, analytics_4);
contract!(Ads<true>, ads_as_a_stream);
contract!(Ads<false>, ads_in_pages);

#[tokio::test]
async fn what_google_refuses_is_told_in_its_words() {
    use connectors::source::SourceError;
    use standins::{Fault, Rule};

    let system = Ads::<true>::start().await;
    let http = crate::contract::http(std::time::Duration::from_secs(20));
    let source = Ads::<true>::source(&http, &system, credentials(&http, &system));
    let fault = |name: &str| Rule::next("POST *", 1, Fault::Error { name: name.into(), retry_after: None });
    system.fail(fault("CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"));
    match source.check().await {
        Err(SourceError::Refused(said)) => {
            assert!(said.contains("CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"), "{said}");
        }
        other => panic!("{other:?}"),
    }
    for _ in 0..3 {
        system.fail(fault("RESOURCE_TEMPORARILY_EXHAUSTED"));
    }
    let told = source.check().await;
    assert!(matches!(told, Err(SourceError::RateLimited { retry_after: None })), "{told:?}");
    system.heal();
    let old = ads::Config { version: "v19".into(), customer: "1234567890".into(), ..ads::Config::default() };
    match ads::source(&http, system.base_url(), old, credentials(&http, &system)).check().await {
        Err(SourceError::Refused(said)) => assert!(said.contains("no longer served"), "{said}"),
        other => panic!("{other:?}"),
    }
    let (access, _) = system.grant(&[BUSINESS]);
    let narrow = ads::Config { customer: "1234567890".into(), ..ads::Config::default() };
    let told = ads::source(&http, system.base_url(), narrow, Credentials::token(access)).check().await;
    assert!(matches!(told, Err(SourceError::Refused(_))), "a scope that was not granted: {told:?}");
}
