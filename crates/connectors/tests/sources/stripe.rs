//! Stripe: charges, refunds, disputes, changes by event, signed notices.

use connectors::oauth::Credentials;
use connectors::signal::SignalKind;
use connectors::source::{Source, SourceError};
use connectors::stripe::{Config, source};
use kernel::http::Http;
use standins::stripe::{Stripe, StripeConfig};
use standins::{Fault, Handle, Rule};

use crate::contract::{Case, Expected, Read, contract, http, later, now};
use crate::hook::Hook;

struct Charges;

async fn start() -> Handle<Stripe> {
    Stripe::start(StripeConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
}

fn config() -> Config {
    Config { overlap_s: 600, ..Config::default() }
}

fn key() -> Credentials {
    Credentials::key("rk_live_standin")
}

impl Case for Charges {
    type System = Stripe;
    const RENEWS: bool = false;

    async fn start() -> Handle<Stripe> {
        start().await
    }

    fn credentials(_: &Http, _: &Handle<Stripe>) -> Credentials {
        key()
    }

    fn source(http: &Http, system: &Handle<Stripe>, credentials: Credentials) -> Box<dyn Source> {
        Box::new(source(http, system.base_url(), config(), credentials))
    }

    fn streams(_: &Handle<Stripe>) -> Vec<Expected> {
        vec![
            Expected { stream: "charges", endpoint: "GET /v1/charges", signals: 231, pages: 3 },
            Expected { stream: "refunds", endpoint: "GET /v1/refunds", signals: 26, pages: 1 },
            Expected { stream: "disputes", endpoint: "GET /v1/disputes", signals: 1, pages: 1 },
        ]
    }

    fn grow(system: &Handle<Stripe>, stream: &str) -> usize {
        system.days_pass(1);
        let charge = system.charge(4200, "usd", "new@example.com");
        match stream {
            "refunds" => drop(system.refund(&charge, 100)),
            "disputes" => drop(system.dispute(&charge, "lost")),
            _ => {}
        }
        1
    }

    fn expire(_: &Handle<Stripe>) {}

    fn revoke(system: &Handle<Stripe>) {
        system.revoke();
    }
}

contract!(Charges, contract_of_stripe);

fn patient() -> Http {
    http(std::time::Duration::from_secs(20))
}

#[tokio::test]
async fn a_dispute_that_is_lost_later_is_told_by_its_event() {
    let system = start().await;
    let source = source(&patient(), system.base_url(), config(), key());
    let charge = system.charge(9900, "usd", "late@example.com");
    let dispute = system.dispute(&charge, "needs_response");
    let (mut disputes, mut events) = (Read::default(), Read::default());
    disputes.run(&source, "disputes", now()).await;
    events.run(&source, "events", now()).await;
    assert!(!disputes.signals.contains_key(&dispute) && !events.signals.contains_key(&dispute), "it is not lost yet");
    assert_eq!(events.signals[&charge].kind, SignalKind::Payment);
    system.days_pass(1);
    system.dispute(&charge, "lost");
    events.run(&source, "events", later()).await;
    let lost = &events.signals[&dispute];
    assert_eq!((lost.kind, lost.value.map(|value| value.minor)), (SignalKind::Refund, Some(9900)));
    assert_eq!(lost.contact.as_deref(), Some("late@example.com"), "the person is read with it");
}

#[tokio::test]
async fn a_key_without_its_version_and_a_locked_object() {
    let system = start().await;
    let old = Config { version: "2019-01-01".into(), ..config() };
    let refused = source(&patient(), system.base_url(), old, key()).check().await;
    assert!(matches!(refused, Err(SourceError::Refused(_))), "{refused:?}");
    let source = source(&patient(), system.base_url(), config(), key());
    system.fail(Rule::always("GET /v1/charges", Fault::Error { name: "lock_timeout".into(), retry_after: None }));
    let locked = Read::default().step(&source, "charges", now()).await;
    assert!(matches!(locked, Err(SourceError::Unavailable(_))), "{locked:?}");
}

#[tokio::test]
async fn a_signed_notice_brings_the_charge() {
    let system = start().await;
    let hook = Hook::open().await;
    system.webhooks_to(&hook.url);
    let charge = system.charge(1234, "usd", "hook@example.com");
    system.refund(&charge, 34);
    system.quiet().await;
    let source = source(&patient(), system.base_url(), config(), key());
    let secret = [kernel::config::Secret::new(system.config.webhook_secret.clone())];
    let (mut records, mut wake) = (Vec::new(), Vec::new());
    for delivery in hook.all() {
        let now = kernel::Clock::system().now();
        let notice = connectors::stripe::notice(&secret, |name| delivery.header(name), &delivery.body, now)
            .expect("it is signed");
        records.extend(notice.records);
        wake.extend(notice.wake);
        let other = [kernel::config::Secret::new("whsec_other")];
        assert!(connectors::stripe::notice(&other, |name| delivery.header(name), &delivery.body, now).is_err());
    }
    let signals: Vec<_> =
        records.iter().flat_map(|(stream, record)| source.map(stream, record).expect("readable")).collect();
    assert_eq!((signals.len(), signals[0].external_id.as_str()), (1, charge.as_str()));
    assert_eq!(wake, ["events"], "a refund is read again");
}
