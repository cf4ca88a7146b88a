//! What every source keeps: all records, each once; later runs only what is new or changed; no fault that loses or repeats.
//!
//! A system that is tested implements [`Case`] and calls [`contract!`] with its name.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors::oauth::Credentials;
use connectors::signal::Signal;
use connectors::source::{Cursor, Page, Reading, Source, SourceError};
use kernel::Clock;
use kernel::http::{BreakerConfig, Http, HttpConfig, Retry, Timeouts};
use standins::server::Standin;
use standins::{Fault, Handle, Rule};

/// A source that goes on for more pages than this goes on for ever.
const MOST_PAGES: usize = 300;

/// One stream of a case.
pub struct Expected {
    /// Its name.
    pub stream: &'static str,
    /// The endpoint that gives its pages, as the fault plan names it.
    pub endpoint: &'static str,
    /// How many signals its records make after a backfill.
    pub signals: usize,
    /// How many pages a backfill takes at least.
    pub pages: usize,
}

/// A system that is tested.
pub trait Case {
    /// Its stand-in.
    type System: Standin;
    /// Whether its access tokens end and are renewed.
    const RENEWS: bool;

    /// Starts the stand-in.
    async fn start() -> Handle<Self::System>;
    /// Permission to read it.
    fn credentials(http: &Http, system: &Handle<Self::System>) -> Credentials;
    /// The source, with pages small enough that there are several.
    fn source(http: &Http, system: &Handle<Self::System>, credentials: Credentials) -> Box<dyn Source>;
    /// Its streams; the first one has pages and is the one that faults strike.
    fn streams(system: &Handle<Self::System>) -> Vec<Expected>;
    /// Something new happens in a stream, after `now`: how many signals it makes beyond those there are.
    fn grow(system: &Handle<Self::System>, stream: &str) -> usize;
    /// Access tokens end.
    fn expire(system: &Handle<Self::System>);
    /// The permission is withdrawn.
    fn revoke(system: &Handle<Self::System>);
}

/// The instant of the first runs.
pub fn now() -> DateTime<Utc> {
    at("2026-10-15T22:00:00Z")
}

/// A day later.
pub fn later() -> DateTime<Utc> {
    at("2026-10-16T22:00:00Z")
}

/// The backfill goes back to here, before all data.
pub fn since() -> DateTime<Utc> {
    at("2026-07-01T00:00:00Z")
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").with_timezone(&Utc)
}

/// A client that waits for nobody longer than `total`, and repeats at once.
pub fn http(total: Duration) -> Http {
    let config = HttpConfig {
        timeouts: Timeouts { connect: total, total },
        retry: Retry { base: Duration::from_millis(1), longest_wait: Duration::from_millis(20) },
        breaker: BreakerConfig { failures: 10_000, ..BreakerConfig::default() },
        ..HttpConfig::default()
    };
    Http::new(config, Clock::system()).expect("a client")
}

fn patient() -> Http {
    http(Duration::from_secs(20))
}

/// What was read of a stream so far.
#[derive(Default)]
pub struct Read {
    /// How far.
    pub cursor: Cursor,
    /// Its signals by their ids, as told last.
    pub signals: BTreeMap<String, Signal>,
    /// How often a signal was told that was known already.
    pub repeated: usize,
    /// How many were told differently than before.
    pub corrected: usize,
    /// Pages read.
    pub pages: usize,
}

impl Read {
    /// One call, with its page kept.
    pub async fn step(&mut self, source: &dyn Source, stream: &str, now: DateTime<Utc>) -> Result<bool, SourceError> {
        let reading = Reading { stream, cursor: &self.cursor, since: since(), now };
        let page = source.read(reading).await?;
        Ok(self.take(source, stream, page))
    }

    fn take(&mut self, source: &dyn Source, stream: &str, page: Page) -> bool {
        for record in &page.records {
            for signal in source.map(stream, record).expect("every record of a stand-in is good") {
                assert!((1..=200).contains(&signal.external_id.len()), "{}", signal.external_id);
                match self.signals.insert(signal.external_id.clone(), signal.clone()) {
                    None => {}
                    Some(known) => {
                        self.repeated += 1;
                        self.corrected += usize::from(known != signal);
                    }
                }
            }
        }
        self.cursor = page.next;
        self.pages += 1;
        assert!(self.pages <= MOST_PAGES, "it goes on for ever");
        page.done
    }

    /// Reads to the end of a run. A system that asks to wait (a report that is being made) is asked again.
    pub async fn run(&mut self, source: &dyn Source, stream: &str, now: DateTime<Utc>) {
        let mut waits = 0;
        loop {
            match self.step(source, stream, now).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(SourceError::RateLimited { .. }) if waits < 10 => waits += 1,
                Err(error) => panic!("{stream}: {error}"),
            }
        }
    }

    /// Reads until one page with records came, or the run ended.
    async fn first_page(&mut self, source: &dyn Source, stream: &str) {
        let mut waits = 0;
        while self.signals.is_empty() {
            match self.step(source, stream, now()).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(SourceError::RateLimited { .. }) if waits < 10 => waits += 1,
                Err(error) => panic!("{stream}: {error}"),
            }
        }
    }

    fn kinds(&self) -> usize {
        self.signals.len()
    }
}

async fn ready<C: Case>() -> (Handle<C::System>, Box<dyn Source>, Vec<Expected>) {
    let system = C::start().await;
    let http = patient();
    let source = C::source(&http, &system, C::credentials(&http, &system));
    let streams = C::streams(&system);
    (system, source, streams)
}

/// Check, discover, backfill, the same again, and what is new.
pub async fn reads_everything_once<C: Case>() {
    let (_system, source, streams) = ready::<C>().await;
    let account = source.check().await.expect("the permission is good");
    assert!(!account.id.is_empty() && !account.name.is_empty());
    let discovered = source.discover().await.expect("streams");
    for index in 0..streams.len() {
        // A world of its own for each stream, since what happens in one may be seen in another.
        let (system, source, mut streams) = ready::<C>().await;
        let expected = streams.swap_remove(index);
        let stream = expected.stream;
        let known = discovered.iter().find(|one| one.name == stream).unwrap_or_else(|| panic!("{stream} is not told"));
        assert!(known.incremental && !known.fields.is_empty() && !known.title.is_empty());
        let mut read = Read::default();
        read.run(&*source, stream, now()).await;
        assert_eq!(read.kinds(), expected.signals, "{stream}: all of it");
        assert_eq!(read.repeated, 0, "{stream}: each once");
        assert!(read.pages >= expected.pages, "{stream}: {} pages", read.pages);
        let stored = serde_json::to_string(&read.cursor).expect("a cursor is JSON");
        read.cursor = serde_json::from_str(&stored).expect("and comes back");
        read.run(&*source, stream, now()).await;
        assert_eq!((read.kinds(), read.corrected), (expected.signals, 0), "{stream}: again changes nothing");
        let repeated = read.repeated;
        let grown = C::grow(&system, stream);
        read.run(&*source, stream, later()).await;
        assert_eq!(read.kinds(), expected.signals + grown, "{stream}: what is new");
        let whole = read.repeated - repeated >= expected.signals;
        assert!(!whole || expected.signals < 5, "{stream}: a later run reads everything anew");
        let mut anew = Read::default();
        anew.run(&*source, stream, later()).await;
        assert_eq!(anew.signals, read.signals, "{stream}: a backfill and the runs agree");
    }
}

/// Faults in the middle of a backfill: each is told as what it is, and nothing is lost or doubled by it.
pub async fn loses_nothing_to_faults<C: Case>() {
    let (system, source, streams) = ready::<C>().await;
    let Expected { stream, endpoint, signals, .. } = &streams[0];
    let credentials = C::credentials(&patient(), &system);
    let hasty = C::source(&http(Duration::from_millis(300)), &system, credentials);
    let strikes = |fault: Fault, times: u64| Rule::next(endpoint, times, fault);
    let mut read = Read::default();
    read.first_page(&*source, stream).await;
    let before = read.cursor.clone();

    system.fail(strikes(Fault::Status { status: 429, retry_after: Some(7) }, 1));
    match read.step(&*source, stream, now()).await {
        Err(SourceError::RateLimited { retry_after }) => assert_eq!(retry_after, Some(Duration::from_secs(7))),
        other => panic!("429: {other:?}"),
    }
    let passing = [
        Fault::Status { status: 500, retry_after: None },
        Fault::Status { status: 503, retry_after: None },
        Fault::Close,
        Fault::CutBody { after: 10 },
    ];
    for fault in passing {
        system.fail(strikes(fault.clone(), 3));
        let told = read.step(&*source, stream, now()).await;
        assert!(matches!(told, Err(SourceError::Unavailable(_))), "{fault:?}: {told:?}");
    }
    system.fail(strikes(Fault::Hang, 3));
    let told = read.step(&*hasty, stream, now()).await;
    assert!(matches!(told, Err(SourceError::Unavailable(_))), "no answer: {told:?}");
    system.fail(strikes(Fault::Quirk { name: "malformed".into() }, 1));
    let told = read.step(&*source, stream, now()).await;
    assert!(matches!(told, Err(SourceError::Malformed(_))), "half a body: {told:?}");
    assert_eq!(read.cursor, before, "a fault moves nothing");

    system.heal();
    system.fail(strikes(Fault::SlowBody { chunk: 4096, ms: 1 }, 2));
    system.fail(strikes(Fault::Status { status: 500, retry_after: None }, 1));
    read.run(&*source, stream, now()).await;
    assert_eq!((read.kinds(), read.repeated), (*signals, 0), "all the same, each once");
}

/// A page that comes again, and totals that lie.
pub async fn is_not_led_astray<C: Case>() {
    let (system, source, streams) = ready::<C>().await;
    let Expected { stream, endpoint, signals, .. } = &streams[0];
    let mut read = Read::default();
    read.first_page(&*source, stream).await;
    let before = read.cursor.clone();
    system.fail(Rule::next(endpoint, 1, Fault::Quirk { name: "repeat_page".into() }));
    match read.step(&*source, stream, now()).await {
        Ok(_) => {}
        Err(SourceError::Malformed(_)) => assert_eq!(read.cursor, before),
        Err(error) => panic!("a page again: {error}"),
    }
    system.heal();
    read.run(&*source, stream, now()).await;
    assert_eq!(read.kinds(), *signals, "nothing was skipped");
    for lie in [0, 1, 1_000_000] {
        system.fail(Rule::always(endpoint, Fault::Quirk { name: format!("lie_total:{lie}") }));
        let mut read = Read::default();
        read.run(&*source, stream, now()).await;
        assert_eq!((read.kinds(), read.repeated), (*signals, 0), "{lie} of them, it says");
        system.heal();
    }
}

/// Tokens that end in the middle of a run, and a permission that is withdrawn.
pub async fn keeps_its_permission<C: Case>() {
    let (system, source, streams) = ready::<C>().await;
    let Expected { stream, signals, .. } = &streams[0];
    let mut read = Read::default();
    read.first_page(&*source, stream).await;
    if C::RENEWS {
        C::expire(&system);
    }
    read.run(&*source, stream, now()).await;
    assert_eq!((read.kinds(), read.repeated), (*signals, 0));
    C::revoke(&system);
    let told = read.step(&*source, stream, later()).await;
    assert!(matches!(told, Err(SourceError::Reconnect(_))), "{told:?}");
    let told = source.check().await;
    assert!(matches!(told, Err(SourceError::Reconnect(_))), "{told:?}");
}

/// The contract for one case, as tests.
macro_rules! contract {
    ($case:ty, $name:ident) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn reads_everything_once() {
                crate::contract::reads_everything_once::<$case>().await;
            }

            #[tokio::test]
            async fn loses_nothing_to_faults() {
                crate::contract::loses_nothing_to_faults::<$case>().await;
            }

            #[tokio::test]
            async fn is_not_led_astray() {
                crate::contract::is_not_led_astray::<$case>().await;
            }

            #[tokio::test]
            async fn keeps_its_permission() {
                crate::contract::keeps_its_permission::<$case>().await;
            }
        }
    };
}
pub(crate) use contract;
