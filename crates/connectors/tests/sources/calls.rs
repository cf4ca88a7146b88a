//! `CallRail` and `CallTrackingMetrics`.

use chrono::{DateTime, Utc};
use connectors::oauth::Credentials;
use connectors::source::Source;
use connectors::{callrail, ctm};
use kernel::config::Secret;
use kernel::http::Http;
use standins::Handle;
use standins::callrail::{CallRail, CallRailConfig};
use standins::ctm::{Ctm, CtmConfig};
use standins::sign::hmac_sha1_base64;

use crate::contract::{Case, Expected, contract};

struct Rail;

impl Case for Rail {
    type System = CallRail;
    const RENEWS: bool = false;

    async fn start() -> Handle<CallRail> {
        CallRail::start(CallRailConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
    }

    fn credentials(_http: &Http, system: &Handle<CallRail>) -> Credentials {
        Credentials::key(system.config.keys[0].as_str())
    }

    fn source(http: &Http, system: &Handle<CallRail>, credentials: Credentials) -> Box<dyn Source> {
        let config = callrail::Config { page_size: 10, ..callrail::Config::default() };
        Box::new(callrail::source(http, system.base_url(), config, credentials))
    }

    fn streams(system: &Handle<CallRail>) -> Vec<Expected> {
        let [calls, first, forms] = system.counts();
        let pages = calls / 10;
        vec![
            Expected { stream: "calls", endpoint: "GET */calls.json", signals: calls + first, pages },
            Expected { stream: "form_submissions", endpoint: "GET */form_submissions.json", signals: forms, pages: 3 },
        ]
    }

    fn grow(system: &Handle<CallRail>, stream: &str) -> usize {
        if stream == "form_submissions" {
            system.form_comes("2026-10-16T09:00:00.000-05:00");
            return 1;
        }
        let before = system.counts();
        let id = system.call_comes("2026-10-16T09:00:00.000-05:00");
        system.call_is_scored(&id, "good_lead");
        let after = system.counts();
        after[0] - before[0] + after[1] - before[1]
    }

    fn expire(_system: &Handle<CallRail>) {}

    fn revoke(system: &Handle<CallRail>) {
        system.revoke();
    }
}

struct Metrics;

impl Case for Metrics {
    type System = Ctm;
    const RENEWS: bool = false;

    async fn start() -> Handle<Ctm> {
        Ctm::start(CtmConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
    }

    fn credentials(_http: &Http, system: &Handle<Ctm>) -> Credentials {
        Credentials::basic(system.config.access_key.as_str(), system.config.secret_key.as_str())
    }

    fn source(http: &Http, system: &Handle<Ctm>, credentials: Credentials) -> Box<dyn Source> {
        let time_zone = Some("America/New_York".to_owned());
        let config = ctm::Config { page_size: 10, time_zone, ..ctm::Config::default() };
        Box::new(ctm::source(http, system.base_url(), config, credentials))
    }

    fn streams(system: &Handle<Ctm>) -> Vec<Expected> {
        let [calls, new] = system.counts();
        vec![Expected { stream: "calls", endpoint: "GET */calls", signals: calls + new, pages: calls / 10 }]
    }

    fn grow(system: &Handle<Ctm>, _stream: &str) -> usize {
        let before = system.counts();
        let id = system.call_comes("2026-10-16T09:00:00-04:00");
        system.call_is_tagged(id, "implant");
        let after = system.counts();
        after[0] - before[0] + after[1] - before[1]
    }

    fn expire(_system: &Handle<Ctm>) {}

    fn revoke(system: &Handle<Ctm>) {
        system.revoke();
    }
}

contract!(Rail, callrail_calls);
contract!(Metrics, call_tracking_metrics);

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").with_timezone(&Utc)
}

#[test]
fn a_call_told_by_webhook_is_the_call_that_is_read() {
    let record = serde_json::json!({
        "id": "CAL1", "direction": "inbound", "answered": true, "duration": 61, "first_call": true,
        "start_time": "2026-10-01T13:41:00.236-05:00", "customer_phone_number": "+12145550123", "tags": [], "value": null,
    });
    let mut told = record.clone();
    told["duration"] = "61".into();
    told["value"] = "".into();
    told["timestamp"] = told["start_time"].clone();
    let body = told.to_string();
    let key = Secret::new("company key");
    let signature = hmac_sha1_base64("company key", body.as_bytes());
    let now = at("2026-10-01T18:55:00Z");
    let event = callrail::webhook::Event::Call;
    let notice = callrail::webhook::read(&[key], Some(&signature), body.as_bytes(), event, now).expect("signed");
    let http = crate::contract::http(std::time::Duration::from_secs(1));
    let source = callrail::source(&http, "http://127.0.0.1:9", callrail::Config::default(), Credentials::key("k"));
    let (stream, pushed) = &notice.records[0];
    assert_eq!(source.map(stream, pushed).expect("signals"), source.map("calls", &record).expect("signals"));
}

#[test]
fn a_trigger_is_signed_over_its_time() {
    let body = r#"{"id":1409823321,"direction":"inbound","unix_time":1790864640,"account_id":533886}"#;
    let now = at("2026-10-01T14:25:00Z");
    let time = now.timestamp().to_string();
    let signature = format!("{}\n", hmac_sha1_base64("secret", format!("{time}{body}").as_bytes()));
    let secrets = [Secret::new("secret")];
    let read = |time: &str| ctm::webhook::read(&secrets, Some(&signature), Some(time), body.as_bytes(), now);
    assert_eq!(read(&time).expect("signed").records[0].0, "calls");
    assert_eq!(read("1790000000").err(), Some(ctm::webhook::WebhookError::Wrong));
}
