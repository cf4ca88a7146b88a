//! Google's and Microsoft's calendars: whole at first, then what changed, and what is left of what was removed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors::calendar::Config;
use connectors::google::{app, calendar};
use connectors::microsoft;
use connectors::oauth::{Access, Credentials, Renewal, Tokens};
use connectors::source::{Source, SourceError};
use kernel::config::Secret;
use kernel::http::Http;
use standins::google::{BUSINESS, CALENDAR, Google, GoogleConfig};
use standins::microsoft::{CALENDARS, Microsoft, MicrosoftConfig, OFFLINE};
use standins::{Fault, Handle, Rule};

use crate::contract::{Case, Expected, Read, contract, http, later, now};

const STREAM: &str = "appointments";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn patient() -> Http {
    http(Duration::from_secs(20))
}

struct OfGoogle;

impl Case for OfGoogle {
    type System = Google;
    const RENEWS: bool = true;

    async fn start() -> Handle<Google> {
        Google::start(GoogleConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
    }

    fn credentials(http: &Http, system: &Handle<Google>) -> Credentials {
        let (access, refresh) = system.grant(&[CALENDAR]);
        let secret = Secret::new(system.config.client_secret.as_str());
        let app = app(system.base_url(), &system.config.client_id, secret, &[CALENDAR]);
        let tokens = Tokens { refresh_token: Some(Secret::new(refresh)), ..Tokens::fixed(Secret::new(access)) };
        Credentials::OAuth(Access::renewed(tokens, Arc::new(Renewal { http: http.clone(), app })))
    }

    fn source(http: &Http, system: &Handle<Google>, credentials: Credentials) -> Box<dyn Source> {
        let config = Config { page: 10, ..Config::default() };
        Box::new(calendar::source(http, system.base_url(), config, credentials))
    }

    fn streams(system: &Handle<Google>) -> Vec<Expected> {
        let endpoint = "GET /calendar/v3/calendars/*";
        vec![Expected { stream: STREAM, endpoint, signals: system.appointments(), pages: 7 }]
    }

    fn grow(system: &Handle<Google>, _stream: &str) -> usize {
        system.appointment_is_cancelled("appt030", "2026-10-16T08:00:00Z");
        system.appointment_comes("new@example.com", "2026-10-16T09:00:00Z", "2026-10-20T15:00:00-05:00");
        1
    }

    fn expire(system: &Handle<Google>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<Google>) {
        system.grants.revoke();
    }
}

struct OfMicrosoft;

impl Case for OfMicrosoft {
    type System = Microsoft;
    const RENEWS: bool = true;

    async fn start() -> Handle<Microsoft> {
        Microsoft::start(MicrosoftConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port")
    }

    fn credentials(http: &Http, system: &Handle<Microsoft>) -> Credentials {
        let shared = standins::server::Standin::shared(&**system);
        let (access, refresh) = system.grants.grant(shared, &[CALENDARS, OFFLINE]);
        let secret = Secret::new(system.config.client_secret.as_str());
        let app = microsoft::app(&format!("{}/common", system.base_url()), &system.config.client_id, secret);
        let tokens = Tokens { refresh_token: Some(Secret::new(refresh)), ..Tokens::fixed(Secret::new(access)) };
        Credentials::OAuth(Access::renewed(tokens, Arc::new(Renewal { http: http.clone(), app })))
    }

    fn source(http: &Http, system: &Handle<Microsoft>, credentials: Credentials) -> Box<dyn Source> {
        let config = Config { page: 7, ..Config::default() };
        Box::new(microsoft::source(http, &format!("{}/v1.0", system.base_url()), config, credentials))
    }

    fn streams(system: &Handle<Microsoft>) -> Vec<Expected> {
        let endpoint = "GET /v1.0/me/calendars/*";
        vec![Expected { stream: STREAM, endpoint, signals: system.appointments(), pages: 9 }]
    }

    fn grow(system: &Handle<Microsoft>, _stream: &str) -> usize {
        system.guest_declines("AAMkAGI1AAAappt030=", at("2026-10-16T08:00:00Z"));
        system.appointment_comes("new@example.com", at("2026-10-16T09:00:00Z"), at("2026-10-20T20:00:00Z"));
        1
    }

    fn expire(system: &Handle<Microsoft>) {
        system.grants.expire();
    }

    fn revoke(system: &Handle<Microsoft>) {
        system.grants.revoke();
    }
}

contract!(OfGoogle, google_calendar);
contract!(OfMicrosoft, microsoft_calendar);

/// A source that was read to the end once.
async fn read_once<C: Case>() -> (Handle<C::System>, Box<dyn Source>, Read) {
    let system = C::start().await;
    let http = patient();
    let source = C::source(&http, &system, C::credentials(&http, &system));
    let mut read = Read::default();
    read.run(&*source, STREAM, now()).await;
    (system, source, read)
}

fn cancelled(read: &Read, id: &str) -> bool {
    read.signals[&format!("booking:{id}")].data["cancelled"] == true
}

/// Whether an appointment is told as gone, with its lead and without a person, whom its booking names.
fn is_gone(read: &Read, id: &str) -> bool {
    let Some(off) = read.signals.get(&format!("booking:{id}:cancelled")) else { return false };
    let booked = &read.signals[&format!("booking:{id}")];
    off.data["cancelled"] == true && off.lead == booked.lead && booked.contact.is_some() && off.contact.is_none()
}

#[tokio::test]
async fn google_says_what_was_cancelled_and_of_what_was_removed_only_the_name() {
    let (system, source, mut read) = read_once::<OfGoogle>().await;
    assert!(cancelled(&read, "off") && !cancelled(&read, "appt030") && !cancelled(&read, "tentative"));
    let booked = &read.signals["booking:appt030"];
    assert_eq!(booked.contact.as_deref(), Some("client30@example.com"));
    assert!(!read.signals.contains_key("booking:private") && !read.signals.contains_key("booking:allday"));
    system.appointment_is_cancelled("appt030", "2026-10-16T08:00:00Z");
    system.appointment_is_removed("appt031");
    // It was over: whoever tidies up cancels nothing.
    system.appointment_is_removed("appt005");
    read.run(&*source, STREAM, later()).await;
    assert!(cancelled(&read, "appt030") && is_gone(&read, "appt031"));
    assert!(!read.signals.contains_key("booking:appt005:cancelled"));
    // The tokens are forgotten, and with them what else was removed.
    system.appointment_is_purged("chair010");
    let before = read.pages;
    read.run(&*source, STREAM, later()).await;
    assert!(is_gone(&read, "chair010"), "found missing when it was read whole");
    assert!(read.pages - before > 6, "read whole: {} pages", read.pages - before);
    assert!(system.requests().iter().any(|request| request.status == Some(410)));
}

#[tokio::test]
async fn words_of_entries_are_not_even_asked_for() {
    let (system, source, _) = read_once::<OfGoogle>().await;
    let cursor = connectors::source::Cursor::default();
    let reading =
        connectors::source::Reading { stream: STREAM, cursor: &cursor, since: at("2026-07-01T00:00:00Z"), now: now() };
    let page = source.read(reading).await.expect("a page");
    assert!(!page.records.is_empty() && page.records.iter().all(|record| record["description"].is_null()));
    let kept = page.next.0.to_string();
    assert!(!kept.contains("client"), "a cursor names no customer: {kept}");
    drop(system);
    let (system, source, _) = read_once::<OfMicrosoft>().await;
    let reading =
        connectors::source::Reading { stream: STREAM, cursor: &cursor, since: at("2026-07-01T00:00:00Z"), now: now() };
    let page = source.read(reading).await.expect("a page");
    assert!(!page.records.is_empty() && page.records.iter().all(|record| record["body"].is_null()));
    assert!(!page.next.0.to_string().contains("client"), "a cursor names no customer");
    drop(system);
}

#[tokio::test]
async fn microsoft_leaves_the_name_of_what_was_removed_and_series_are_filled_in() {
    let (system, source, mut read) = read_once::<OfMicrosoft>().await;
    for n in 0..5 {
        let time = &read.signals[&format!("booking:AAMkAGI1AAAseries{n}=")];
        assert_eq!(time.contact.as_deref(), Some("ana@example.com"), "as its series says");
    }
    assert!(!read.signals.contains_key("booking:AAMkAGI1AAAseries="), "a series is no appointment");
    assert!(cancelled(&read, "AAMkAGI1AAAoff="));
    system.guest_declines("AAMkAGI1AAAappt030=", at("2026-10-16T08:00:00Z"));
    system.event_is_removed("AAMkAGI1AAAappt031=");
    system.event_is_removed("AAMkAGI1AAAappt005=");
    system.event_is_removed("AAMkAGI1AAAstaff=");
    read.run(&*source, STREAM, later()).await;
    assert!(cancelled(&read, "AAMkAGI1AAAappt030=") && is_gone(&read, "AAMkAGI1AAAappt031="));
    for id in ["AAMkAGI1AAAappt005=", "AAMkAGI1AAAstaff="] {
        assert!(!read.signals.contains_key(&format!("booking:{id}:cancelled")), "{id}");
    }
    system.event_is_purged("AAMkAGI1AAAchair010=");
    read.run(&*source, STREAM, later()).await;
    assert!(is_gone(&read, "AAMkAGI1AAAchair010="), "found missing when it was read whole");
    assert!(system.requests().iter().any(|request| request.status == Some(410)));
}

#[tokio::test]
async fn too_much_is_told_in_the_older_envelope_too() {
    let system = OfGoogle::start().await;
    let http = patient();
    let source = OfGoogle::source(&http, &system, OfGoogle::credentials(&http, &system));
    system.fail(Rule::next("GET *", 1, Fault::Error { name: "rateLimitExceeded".into(), retry_after: Some(3) }));
    match source.check().await {
        Err(SourceError::RateLimited { retry_after }) => assert_eq!(retry_after, Some(Duration::from_secs(3))),
        other => panic!("{other:?}"),
    }
    let (access, _) = system.grant(&[BUSINESS]);
    let told = OfGoogle::source(&http, &system, Credentials::token(access)).check().await;
    assert!(matches!(told, Err(SourceError::Refused(_))), "a scope that was not granted: {told:?}");
    let system = OfMicrosoft::start().await;
    let (access, _) = system.grants.grant(standins::server::Standin::shared(&*system), &[OFFLINE]);
    let told = OfMicrosoft::source(&http, &system, Credentials::token(access)).check().await;
    assert!(matches!(told, Err(SourceError::Refused(_))), "a scope that was not granted: {told:?}");
}
