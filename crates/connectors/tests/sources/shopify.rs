//! Shopify: orders, refunds, checkouts, throttling, signed notices.

use std::sync::Arc;
use std::time::Duration;

use connectors::oauth::{Access, Credentials, Renewal, Tokens};
use connectors::shopify::{Config, source};
use connectors::source::{Source, SourceError};
use kernel::config::Secret;
use kernel::http::Http;
use standins::shopify::{Shopify, ShopifyConfig};
use standins::{Fault, Handle, Rule};

use crate::contract::{Case, Expected, Read, contract, http, now};
use crate::hook::Hook;

struct Shop;

async fn start(config: ShopifyConfig) -> Handle<Shopify> {
    Shopify::start(config, ([127, 0, 0, 1], 0).into()).await.expect("a free port")
}

fn granted(http: &Http, system: &Handle<Shopify>) -> Credentials {
    let (access, refresh) = system.grants.grant(standins::server::Standin::shared(&**system), &["read_orders"]);
    let tokens = Tokens { refresh_token: Some(Secret::new(refresh)), ..Tokens::fixed(Secret::new(access)) };
    let secret = Secret::new(system.grants.client_secret.as_str());
    let app = connectors::shopify::app(system.base_url(), &system.grants.client_id, secret);
    Credentials::OAuth(Access::renewed(tokens, Arc::new(Renewal { http: http.clone(), app })))
}

impl Case for Shop {
    type System = Shopify;
    const RENEWS: bool = true;

    async fn start() -> Handle<Shopify> {
        start(ShopifyConfig::default()).await
    }

    fn credentials(http: &Http, system: &Handle<Shopify>) -> Credentials {
        granted(http, system)
    }

    fn source(http: &Http, system: &Handle<Shopify>, credentials: Credentials) -> Box<dyn Source> {
        Box::new(source(http, system.base_url(), Config::default(), credentials))
    }

    fn streams(_: &Handle<Shopify>) -> Vec<Expected> {
        let endpoint = "POST /admin/api/2026-07/graphql.json";
        vec![
            // 130 orders that were paid, and 17 refunds; a test order is none.
            Expected { stream: "orders", endpoint, signals: 147, pages: 3 },
            Expected { stream: "checkouts", endpoint, signals: 33, pages: 1 },
        ]
    }

    fn grow(system: &Handle<Shopify>, stream: &str) -> usize {
        system.days_pass(1);
        if stream == "checkouts" {
            system.checkout("12.00", "left@example.com");
            return 1;
        }
        let order = system.order("31.40", "new@example.com");
        system.refund(&order, "1.40");
        2
    }

    fn expire(system: &Handle<Shopify>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<Shopify>) {
        system.grants.revoke();
    }
}

contract!(Shop, contract_of_shopify);

fn patient() -> Http {
    http(Duration::from_secs(20))
}

#[tokio::test]
async fn being_throttled_tells_how_long_to_wait() {
    let system = start(ShopifyConfig { points: (200.0, 50.0), ..ShopifyConfig::default() }).await;
    let http = patient();
    let source = source(&http, system.base_url(), Config::default(), granted(&http, &system));
    let mut read = Read::default();
    read.step(&source, "orders", now()).await.expect("the bucket is full");
    let told = read.step(&source, "orders", now()).await;
    let Err(SourceError::RateLimited { retry_after: Some(wait) }) = told else { panic!("{told:?}") };
    assert!((1..=3).contains(&wait.as_secs()), "{wait:?}");
    system.advance(chrono::Duration::seconds(wait.as_secs() as i64));
    read.step(&source, "orders", now()).await.expect("it was long enough");
    system.heal();
    system.fail(Rule::next("POST *", 1, Fault::Error { name: "THROTTLED".into(), retry_after: None }));
    assert!(matches!(read.step(&source, "orders", now()).await, Err(SourceError::RateLimited { .. })));
}

#[tokio::test]
async fn a_query_that_costs_too_much_is_refused_and_says_so() {
    let system = start(ShopifyConfig::default()).await;
    let http = patient();
    let source = source(&http, system.base_url(), Config { page: 250, ..Config::default() }, granted(&http, &system));
    system.heal();
    assert!(Read::default().step(&source, "orders", now()).await.is_ok(), "752 points are within 1,000");
    let old = Config { version: "2020-01".into(), ..Config::default() };
    let gone = connectors::shopify::source(&http, system.base_url(), old, granted(&http, &system)).check().await;
    assert!(matches!(gone, Err(SourceError::Refused(_))), "{gone:?}");
}

#[tokio::test]
async fn a_signed_notice_wakes_the_orders() {
    let system = start(ShopifyConfig::default()).await;
    let hook = Hook::open().await;
    system.webhooks_to(&hook.url);
    system.order("10.00", "a@example.com");
    system.checkout("11.00", "b@example.com");
    system.quiet().await;
    let secret = [Secret::new(system.config.client_secret.clone())];
    let mut wake = Vec::new();
    for delivery in hook.all() {
        let notice =
            connectors::shopify::notice(&secret, |name| delivery.header(name), &delivery.body).expect("it is signed");
        wake.extend(notice.wake);
        assert_eq!(
            connectors::shopify::shop(|name| delivery.header(name)).as_deref(),
            Some("smile-dental.myshopify.com")
        );
        let changed = [delivery.body.as_slice(), b" "].concat();
        assert!(connectors::shopify::notice(&secret, |name| delivery.header(name), &changed).is_err());
    }
    wake.sort_unstable();
    assert_eq!(wake, ["checkouts", "orders"]);
}
