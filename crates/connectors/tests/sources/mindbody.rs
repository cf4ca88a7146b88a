//! Mindbody: sales, appointments, visits, staff tokens, signed notices.

use std::time::Duration;

use connectors::mindbody::{Config, source};
use connectors::oauth::Credentials;
use connectors::signal::SignalKind;
use connectors::source::{Source, SourceError};
use kernel::config::Secret;
use kernel::http::Http;
use standins::Handle;
use standins::mindbody::{Mindbody, MindbodyConfig};

use crate::contract::{Case, Expected, Read, contract, http, later, now};
use crate::hook::Hook;

struct Studio;

async fn start() -> Handle<Mindbody> {
    Mindbody::start(MindbodyConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
}

fn config(overlap_days: i64) -> Config {
    Config { site_id: "123".into(), overlap_days, ..Config::default() }
}

fn staff(password: &str) -> Credentials {
    Credentials::Staff {
        api_key: Secret::new("standin-mindbody-key"),
        user: "owner".into(),
        password: Secret::new(password),
    }
}

impl Case for Studio {
    type System = Mindbody;
    const RENEWS: bool = true;

    async fn start() -> Handle<Mindbody> {
        start().await
    }

    fn credentials(_: &Http, _: &Handle<Mindbody>) -> Credentials {
        staff("standin-password")
    }

    fn source(http: &Http, system: &Handle<Mindbody>, credentials: Credentials) -> Box<dyn Source> {
        Box::new(source(http, system.base_url(), config(0), credentials))
    }

    fn streams(_: &Handle<Mindbody>) -> Vec<Expected> {
        vec![
            Expected { stream: "sales", endpoint: "GET /sale/sales", signals: 450, pages: 3 },
            // 90 appointments, of which 30 were missed.
            Expected { stream: "appointments", endpoint: "GET /appointment/staffappointments", signals: 120, pages: 1 },
            // Five classes of two, one of whom did not come.
            Expected { stream: "visits", endpoint: "GET /class/classes", signals: 15, pages: 1 },
        ]
    }

    fn grow(system: &Handle<Mindbody>, stream: &str) -> usize {
        system.days_pass(1);
        match stream {
            "appointments" => {
                system.appointment(3, "Completed");
                1
            }
            "visits" => {
                system.class(&[1, 2]);
                3
            }
            _ => {
                system.sale(12.5, 4);
                1
            }
        }
    }

    fn expire(system: &Handle<Mindbody>) {
        system.expire();
    }

    fn revoke(system: &Handle<Mindbody>) {
        system.revoke();
    }
}

contract!(Studio, contract_of_mindbody);

#[tokio::test]
async fn a_status_that_settles_later_is_read_again() {
    let system = start().await;
    let http = http(Duration::from_secs(20));
    let source = source(&http, system.base_url(), config(14), staff("standin-password"));
    let id = system.appointment(5, "Booked");
    let mut read = Read::default();
    read.run(&source, "appointments", now()).await;
    assert_eq!(read.signals[&format!("appointment:{id}")].contact.as_deref(), Some("member5@example.com"));
    system.appointment_becomes(&id, "NoShow");
    read.run(&source, "appointments", later()).await;
    assert_eq!(read.signals[&format!("appointment:{id}:no_show")].kind, SignalKind::NoShow);
}

#[tokio::test]
async fn both_permissions_are_needed() {
    let system = start().await;
    let http = http(Duration::from_secs(20));
    let wrong = source(&http, system.base_url(), config(0), staff("guess")).check().await;
    assert!(matches!(wrong, Err(SourceError::Reconnect(_))), "{wrong:?}");
    let keyless = source(&http, system.base_url(), config(0), Credentials::key("standin-mindbody-key")).check().await;
    assert!(matches!(keyless, Err(SourceError::Refused(_))), "{keyless:?}");
    let elsewhere = Config { site_id: "7".into(), ..Config::default() };
    let elsewhere = source(&http, system.base_url(), elsewhere, staff("standin-password")).check().await;
    assert!(matches!(elsewhere, Err(SourceError::Reconnect(_))), "{elsewhere:?}");
}

#[tokio::test]
async fn a_signed_notice_wakes_its_stream() {
    let system = start().await;
    let hook = Hook::open().await;
    system.webhooks_to(&hook.url);
    system.appointment(5, "Booked");
    system.quiet().await;
    let keys = [Secret::new("other"), Secret::new(system.config.signature_key.clone())];
    let deliveries = hook.all();
    assert_eq!(deliveries.len(), 1);
    for delivery in deliveries {
        let notice =
            connectors::mindbody::notice(&keys, |name| delivery.header(name), &delivery.body).expect("it is signed");
        assert_eq!(notice.wake, ["appointments"]);
        assert!(connectors::mindbody::notice(&keys[..1], |name| delivery.header(name), &delivery.body).is_err());
    }
}
