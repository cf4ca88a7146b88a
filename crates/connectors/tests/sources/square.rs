//! Square: payments and refunds of every place, bookings, signed notices.

use std::sync::Arc;
use std::time::Duration;

use connectors::oauth::{Access, Credentials, Renewal, Tokens};
use connectors::signal::SignalKind;
use connectors::source::Source;
use connectors::square::{Config, source};
use kernel::config::Secret;
use kernel::http::Http;
use standins::Handle;
use standins::square::{Square, SquareConfig};

use crate::contract::{Case, Expected, Read, contract, http, later, now};
use crate::hook::Hook;

struct Till;

async fn start() -> Handle<Square> {
    Square::start(SquareConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
}

fn config() -> Config {
    Config { page: 50, refund_days: 0, ..Config::default() }
}

fn granted(http: &Http, system: &Handle<Square>) -> Credentials {
    let (access, refresh) = system.grants.grant(standins::server::Standin::shared(&**system), &["PAYMENTS_READ"]);
    let tokens = Tokens { refresh_token: Some(Secret::new(refresh)), ..Tokens::fixed(Secret::new(access)) };
    let secret = Secret::new(system.grants.client_secret.as_str());
    let app = connectors::square::app(system.base_url(), &system.grants.client_id, secret);
    Credentials::OAuth(Access::renewed(tokens, Arc::new(Renewal { http: http.clone(), app })))
}

impl Case for Till {
    type System = Square;
    const RENEWS: bool = true;

    async fn start() -> Handle<Square> {
        start().await
    }

    fn credentials(http: &Http, system: &Handle<Square>) -> Credentials {
        granted(http, system)
    }

    fn source(http: &Http, system: &Handle<Square>, credentials: Credentials) -> Box<dyn Source> {
        Box::new(source(http, system.base_url(), config(), credentials))
    }

    fn streams(_: &Handle<Square>) -> Vec<Expected> {
        vec![
            // Two places of three pages; a payment that is only approved is none.
            Expected { stream: "payments", endpoint: "GET /v2/payments", signals: 260, pages: 6 },
            Expected { stream: "refunds", endpoint: "GET /v2/refunds", signals: 26, pages: 2 },
            Expected { stream: "bookings", endpoint: "GET /v2/bookings", signals: 4, pages: 5 },
        ]
    }

    fn grow(system: &Handle<Square>, stream: &str) -> usize {
        system.days_pass(1);
        match stream {
            "refunds" => {
                let payment = system.payment("LNORTH", 900, "CUST2");
                system.refund(&payment, 300);
            }
            "bookings" => drop(system.booking("LMAIN", "CUST3", "ACCEPTED")),
            _ => drop(system.payment("LNORTH", 800, "CUST1")),
        }
        1
    }

    fn expire(system: &Handle<Square>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<Square>) {
        system.grants.revoke();
    }
}

contract!(Till, contract_of_square);

#[tokio::test]
async fn a_booking_becomes_a_no_show_and_names_its_person() {
    let system = start().await;
    let http = http(Duration::from_secs(20));
    let source = source(&http, system.base_url(), config(), granted(&http, &system));
    let booking = system.booking("LMAIN", "CUST7", "ACCEPTED");
    let mut read = Read::default();
    read.run(&source, "bookings", now()).await;
    let booked = &read.signals[&format!("booking:{booking}")];
    assert_eq!((booked.contact.as_deref(), booked.location.as_deref()), (Some("client7@example.com"), Some("LMAIN")));
    system.booking_becomes(&booking, "NO_SHOW");
    read.run(&source, "bookings", later()).await;
    assert_eq!(read.signals[&format!("booking:{booking}:no_show")].kind, SignalKind::NoShow);
}

#[tokio::test]
async fn a_signed_notice_wakes_its_stream() {
    let system = start().await;
    let hook = Hook::open().await;
    system.webhooks_to(&hook.url);
    system.payment("LMAIN", 100, "CUST1");
    system.quiet().await;
    let keys = [Secret::new(system.config.signature_key.clone())];
    let deliveries = hook.all();
    assert_eq!(deliveries.len(), 1);
    for delivery in deliveries {
        let notice = connectors::square::notice(&keys, &hook.url, |name| delivery.header(name), &delivery.body)
            .expect("it is signed");
        assert_eq!(notice.wake, ["payments"]);
        let elsewhere =
            connectors::square::notice(&keys, "https://else.example.com", |name| delivery.header(name), &delivery.body);
        assert!(elsewhere.is_err(), "the address is signed too");
    }
}
