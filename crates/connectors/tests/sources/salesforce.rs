//! Salesforce: queries with locators, leads that become deals, limits, tokens.

use std::sync::Arc;
use std::time::Duration;

use connectors::oauth::{Access, Credentials, OAuthApp, Renewal, Tokens};
use connectors::salesforce::{Config, source};
use connectors::signal::SignalKind;
use connectors::source::{Source, SourceError};
use kernel::config::Secret;
use kernel::http::Http;
use kernel::money::Currency;
use standins::salesforce::{Salesforce, SalesforceConfig};
use standins::{Fault, Handle, Rule};

use crate::contract::{Case, Expected, Read, contract, http, later, now};

struct Crm;

async fn start() -> Handle<Salesforce> {
    Salesforce::start(SalesforceConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
}

fn config() -> Config {
    Config { currency: Some(Currency::USD), ..Config::default() }
}

fn app(system: &Handle<Salesforce>) -> OAuthApp {
    let secret = Secret::new(system.grants.client_secret.as_str());
    connectors::salesforce::app(system.base_url(), &system.grants.client_id, secret)
}

fn granted(http: &Http, system: &Handle<Salesforce>) -> Credentials {
    let (access, refresh) =
        system.grants.grant(standins::server::Standin::shared(&**system), &["api", "refresh_token"]);
    let tokens = Tokens { refresh_token: Some(Secret::new(refresh)), ..Tokens::fixed(Secret::new(access)) };
    let renew = Renewal { http: http.clone(), app: app(system) };
    Credentials::OAuth(Access::renewed(tokens, Arc::new(renew)))
}

impl Case for Crm {
    type System = Salesforce;
    const RENEWS: bool = true;

    async fn start() -> Handle<Salesforce> {
        start().await
    }

    fn credentials(http: &Http, system: &Handle<Salesforce>) -> Credentials {
        granted(http, system)
    }

    fn source(http: &Http, system: &Handle<Salesforce>, credentials: Credentials) -> Box<dyn Source> {
        Box::new(source(http, system.base_url(), config(), credentials))
    }

    fn streams(_: &Handle<Salesforce>) -> Vec<Expected> {
        let endpoint = "GET /services/data/v67.0/query*";
        vec![
            Expected { stream: "leads", endpoint, signals: 430, pages: 3 },
            Expected { stream: "opportunities", endpoint, signals: 86, pages: 1 },
            Expected { stream: "tasks", endpoint, signals: 144, pages: 1 },
            Expected { stream: "events", endpoint, signals: 9, pages: 1 },
        ]
    }

    fn grow(system: &Handle<Salesforce>, stream: &str) -> usize {
        system.days_pass(1);
        match stream {
            "opportunities" => {
                let lead = system.lead("new@example.com");
                system.convert(&lead, "99.5");
            }
            "tasks" => system.call("003000000000000", "", 30),
            "events" => system.meeting("003000000000000"),
            _ => drop(system.lead("newer@example.com")),
        }
        1
    }

    fn expire(system: &Handle<Salesforce>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<Salesforce>) {
        system.grants.revoke();
    }
}

contract!(Crm, contract_of_salesforce);

fn patient() -> Http {
    http(Duration::from_secs(20))
}

#[tokio::test]
async fn the_daily_limit_is_a_wait_of_an_hour() {
    let system = start().await;
    let http = patient();
    let source = source(&http, system.base_url(), config(), granted(&http, &system));
    system.fail(Rule::next("GET *", 1, Fault::Error { name: "REQUEST_LIMIT_EXCEEDED".into(), retry_after: None }));
    let told = source.check().await;
    assert!(
        matches!(told, Err(SourceError::RateLimited { retry_after: Some(wait) }) if wait == Duration::from_secs(3600)),
        "{told:?}"
    );
    system.fail(Rule::always("GET *", Fault::Error { name: "UNABLE_TO_LOCK_ROW".into(), retry_after: None }));
    let told = source.check().await;
    assert!(matches!(told, Err(SourceError::Unavailable(_))), "{told:?}");
}

#[tokio::test]
async fn a_locator_that_ended_skips_nothing() {
    let system = start().await;
    let http = patient();
    let source = source(&http, system.base_url(), config(), granted(&http, &system));
    let mut read = Read::default();
    assert!(!read.step(&source, "leads", now()).await.expect("a page"));
    system.forget_locators();
    read.run(&source, "leads", now()).await;
    assert_eq!((read.signals.len(), read.repeated), (430, 0), "it goes on after the last record's stamp and id");
}

#[tokio::test]
async fn a_lead_keeps_its_key_when_it_becomes_a_deal() {
    let system = start().await;
    let http = patient();
    let source = source(&http, system.base_url(), config(), granted(&http, &system));
    system.days_pass(1);
    let lead = system.lead("keeps@example.com");
    let deal = system.convert(&lead, "250.5");
    system.call(&lead, &deal, 60);
    let mut deals = Read::default();
    deals.run(&source, "opportunities", later()).await;
    let quote = &deals.signals[&format!("{deal}:quote")];
    assert_eq!((quote.lead.as_deref(), quote.contact.as_deref()), (Some(lead.as_str()), Some("keeps@example.com")));
    system.stage(&deal, "Closed Won");
    deals.run(&source, "opportunities", later()).await;
    let paid = &deals.signals[&format!("{deal}:payment")];
    assert_eq!(
        (paid.kind, paid.value.map(|value| value.minor), paid.lead.as_deref()),
        (SignalKind::Payment, Some(25_050), Some(lead.as_str()))
    );
    let mut tasks = Read::default();
    tasks.run(&source, "tasks", later()).await;
    assert!(tasks.signals.values().any(|call| call.lead.as_deref() == Some(lead.as_str())));
}

#[tokio::test]
async fn an_account_is_connected_where_it_lives() {
    let system = start().await;
    let http = patient();
    let app = app(&system);
    let consent = app.authorise_url("state-1", "https://app.example.com/back").expect("an address");
    let answer = http.get("browser", &consent.url).send().await.expect("the consent page");
    let back =
        kernel::http::Url::parse(answer.header("location").expect("it sends the person back")).expect("an address");
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let tokens =
        app.exchange(&http, &code, "https://app.example.com/back", consent.verifier.as_ref()).await.expect("tokens");
    assert_eq!(tokens.more["instance_url"], system.base_url());
    assert_eq!(tokens.expires_at, None, "a session does not say how long it lives");
    let source = source(&http, system.base_url(), config(), Credentials::OAuth(Access::fixed(tokens)));
    assert_eq!(source.check().await.expect("good").name, "Smile Dental");
}
