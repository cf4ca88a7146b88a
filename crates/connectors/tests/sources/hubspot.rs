//! HubSpot as a source: contacts and deals by their changes.

use std::sync::Arc;
use std::time::Duration;

use connectors::hubspot::{Config, source};
use connectors::oauth::{Access, Credentials, Renewal, Tokens};
use connectors::signal::SignalKind;
use connectors::source::{Source, SourceError};
use kernel::config::Secret;
use kernel::http::Http;
use kernel::money::Currency;
use serde_json::json;
use standins::hubspot::{HubSpot, HubSpotConfig, HubSpotLimits};
use standins::server::Standin as _;
use standins::{Fault, Handle, Rule};

use crate::contract::{Case, Expected, Read, contract, http, now};

struct Portal;

const SCOPES: [&str; 3] = ["oauth", "crm.objects.contacts.read", "crm.objects.deals.read"];

/// 250 contacts, three at a time in one millisecond or nearly, and 30 deals, of which every third is won.
async fn start() -> Handle<HubSpot> {
    let config = HubSpotConfig { index_lag_ms: 0, limits: HubSpotLimits::LIFTED, ..HubSpotConfig::default() };
    let system = HubSpot::start(config, ([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let clock = &system.shared().clock;
    clock.advance(chrono::Duration::milliseconds(now().timestamp_millis() - 6 * 3_600_000 - clock.now_ms()));
    let mut contacts = Vec::new();
    for n in 0..250 {
        if n % 3 == 0 {
            system.advance(chrono::Duration::seconds(2));
        }
        let values = json!({"email": format!("person{n}@example.com"), "lifecyclestage": "lead"});
        contacts.push(system.staff_creates("contacts", &values, None).expect("a contact"));
    }
    for (n, contact) in contacts.iter().take(30).enumerate() {
        system.advance(chrono::Duration::seconds(10));
        deal(&system, *contact, n % 3 == 0);
    }
    system
}

fn deal(system: &Handle<HubSpot>, contact: u64, won: bool) -> u64 {
    let values = json!({"dealname": "Whitening", "amount": "100.50", "dealstage": "contractsent"});
    let id = system.staff_creates("deals", &values, Some(contact)).expect("a deal");
    if won {
        system.staff_edits("deals", id, "dealstage", "closedwon").expect("a stage");
    }
    id
}

fn config() -> Config {
    Config { currency: Some(Currency::USD), ..Config::default() }
}

fn granted(http: &Http, system: &Handle<HubSpot>) -> Credentials {
    let (access, refresh) = system.connect_app(&SCOPES);
    let tokens = Tokens { refresh_token: Some(Secret::new(refresh)), ..Tokens::fixed(Secret::new(access)) };
    let secret = Secret::new(system.config.client_secret.as_str());
    let app = connectors::hubspot::feed::app(system.base_url(), system.base_url(), &system.config.client_id, secret);
    Credentials::OAuth(Access::renewed(tokens, Arc::new(Renewal { http: http.clone(), app })))
}

impl Case for Portal {
    type System = HubSpot;
    const RENEWS: bool = true;

    async fn start() -> Handle<HubSpot> {
        start().await
    }

    fn credentials(http: &Http, system: &Handle<HubSpot>) -> Credentials {
        granted(http, system)
    }

    fn source(http: &Http, system: &Handle<HubSpot>, credentials: Credentials) -> Box<dyn Source> {
        Box::new(source(http, system.base_url(), config(), credentials))
    }

    fn streams(_: &Handle<HubSpot>) -> Vec<Expected> {
        vec![
            Expected { stream: "contacts", endpoint: "POST /crm/v3/objects/contacts/search", signals: 250, pages: 3 },
            // Each deal was asked for and quoted; ten were won.
            Expected { stream: "deals", endpoint: "POST /crm/v3/objects/deals/search", signals: 70, pages: 1 },
        ]
    }

    fn grow(system: &Handle<HubSpot>, stream: &str) -> usize {
        system.advance(chrono::Duration::days(1));
        let values = json!({"email": format!("new.{stream}@example.com")});
        let contact = system.staff_creates("contacts", &values, None).expect("a contact");
        if stream == "contacts" {
            return 1;
        }
        deal(system, contact, false);
        2
    }

    fn expire(system: &Handle<HubSpot>) {
        system.expire_all();
    }

    fn revoke(system: &Handle<HubSpot>) {
        system.withdraw();
    }
}

contract!(Portal, contract_of_hubspot);

fn patient() -> Http {
    http(Duration::from_secs(20))
}

#[tokio::test]
async fn a_deal_and_its_contact_are_one_story() {
    let system = start().await;
    let http = patient();
    let source = source(&http, system.base_url(), config(), granted(&http, &system));
    let (mut contacts, mut deals) = (Read::default(), Read::default());
    contacts.run(&source, "contacts", now()).await;
    deals.run(&source, "deals", now()).await;
    let paid: Vec<_> = deals.signals.values().filter(|signal| signal.kind == SignalKind::Payment).collect();
    assert_eq!(paid.len(), 10);
    for signal in paid {
        let key = signal.lead.as_deref().expect("a lead");
        assert_eq!(contacts.signals[key].lead, signal.lead);
        assert_eq!(contacts.signals[key].contact, signal.contact);
        assert_eq!(signal.value.map(|value| value.minor), Some(10_050));
    }
}

#[tokio::test]
async fn each_limit_waits_its_own_time_and_a_missing_scope_needs_a_person() {
    let system = start().await;
    let http = patient();
    let source = source(&http, system.base_url(), config(), granted(&http, &system));
    for (name, seconds) in [("DAILY", 3600), ("TEN_SECONDLY_ROLLING", 10), ("SECONDLY", 1)] {
        system.fail(Rule::next("POST *", 3, Fault::Error { name: name.into(), retry_after: None }));
        let told = Read::default().step(&source, "contacts", now()).await;
        assert!(
            matches!(told, Err(SourceError::RateLimited { retry_after: Some(wait) }) if wait.as_secs() == seconds),
            "{told:?}"
        );
        system.heal();
    }
    system.fail(Rule::next("POST *", 1, Fault::Error { name: "MISSING_SCOPES".into(), retry_after: None }));
    let told = Read::default().step(&source, "contacts", now()).await;
    assert!(matches!(told, Err(SourceError::Reconnect(_))), "{told:?}");
}
