//! What every stand-in stands on: a loopback server whose connections can be cut, a plan of faults,
//! a log of what was asked, a clock that can be moved and dice that always fall the same way.
//!
//! A newcomer's mistakes: answering a fault inside a handler (the plan does it, so that every endpoint can fail
//! the same way), and reading the machine's clock directly (tests move ours).

mod apply;
pub mod clock;
mod connection;
mod control;
pub mod dice;
pub mod faults;
pub(crate) mod form;
pub mod log;
pub mod meter;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::response::Response;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use apply::Quirk;
use clock::Clock;
pub(crate) use connection::{Cut, Door};
use dice::Dice;
use faults::FaultPlan;
use log::RequestLog;

use crate::delivery::Courier;

/// How one system words an error it was told to give: the name wins over the status.
pub type Wording = fn(status: u16, name: Option<&str>) -> Response;

/// The parts that all stand-ins share.
pub struct Shared {
    /// The system's name, as the logs and the control answers show it.
    pub name: &'static str,
    /// The stand-in's own clock.
    pub clock: Clock,
    /// The faults waiting to happen.
    pub faults: FaultPlan,
    /// Every request received, newest last.
    pub log: RequestLog,
    /// The seeded source of ids and chances.
    pub dice: Dice,
    wording: Wording,
    base_url: OnceLock<String>,
    counters: Mutex<BTreeMap<String, u64>>,
}

impl Shared {
    /// New shared parts for the system `name`, with ids drawn from `seed`.
    pub fn new(name: &'static str, seed: u64, wording: Wording) -> Arc<Self> {
        Arc::new(Self {
            name,
            clock: Clock::default(),
            faults: FaultPlan::default(),
            log: RequestLog::default(),
            dice: Dice::new(seed),
            wording,
            base_url: OnceLock::new(),
            counters: Mutex::default(),
        })
    }

    /// Where the stand-in listens; empty before it does.
    pub fn base_url(&self) -> &str {
        self.base_url.get().map_or("", String::as_str)
    }

    /// Adds one to a counter.
    pub fn count(&self, counter: &str) {
        let mut counters = locked(&self.counters);
        if let Some(value) = counters.get_mut(counter) {
            *value += 1;
        } else {
            counters.insert(counter.to_owned(), 1);
        }
    }

    /// Every counter and its value.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        locked(&self.counters).clone()
    }

    /// One counter's value; zero when nothing was counted.
    pub fn counted(&self, counter: &str) -> u64 {
        locked(&self.counters).get(counter).copied().unwrap_or(0)
    }
}

/// A system that can be served: it lends its shared parts, and its courier if it calls webhooks.
pub trait Standin: Send + Sync + 'static {
    /// The shared parts.
    fn shared(&self) -> &Arc<Shared>;
    /// The courier that carries its webhooks.
    fn courier(&self) -> Option<&Courier>;
}

/// A running stand-in. Dropping the last clone stops it.
pub struct Handle<S> {
    base_url: Arc<str>,
    system: Arc<S>,
    stop: Arc<DropGuard>,
}

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self { base_url: Arc::clone(&self.base_url), system: Arc::clone(&self.system), stop: Arc::clone(&self.stop) }
    }
}

impl<S> Deref for Handle<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.system
    }
}

impl<S: Standin> Handle<S> {
    /// Serves `system` with `routes` on `bind`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub(crate) async fn start(bind: SocketAddr, system: Arc<S>, routes: Router) -> std::io::Result<Self> {
        let door = Door::open(bind).await?;
        let base_url = format!("http://{}", door.address()?);
        let base_url = system.shared().base_url.get_or_init(|| base_url).clone();
        let app = routes
            .layer(axum::middleware::from_fn_with_state(Arc::clone(system.shared()), apply::apply))
            .merge(control::routes(Arc::clone(&system)))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .into_make_service_with_connect_info::<Cut>();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                served = axum::serve(door, app) => {
                    if let Err(error) = served {
                        tracing::warn!(%error, "standin.server_ended");
                    }
                }
            }
        });
        Ok(Self { base_url: base_url.into(), system, stop: Arc::new(stop.drop_guard()) })
    }

    /// Where it listens, such as `http://127.0.0.1:40123`, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Adds a fault to the plan and gives its number.
    pub fn fail(&self, rule: faults::Rule) -> u64 {
        self.system.shared().faults.add(rule)
    }

    /// Forgets every planned fault.
    pub fn heal(&self) {
        self.system.shared().faults.clear();
    }

    /// The requests received so far (the newest ten thousand).
    pub fn requests(&self) -> Vec<log::Request> {
        self.system.shared().log.all()
    }

    /// Every counter and its value.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        self.system.shared().counters()
    }

    /// Moves this stand-in's clock forward.
    pub fn advance(&self, by: chrono::Duration) {
        self.system.shared().clock.advance(by);
    }

    /// Waits until every webhook has been delivered or given up.
    pub async fn quiet(&self) {
        if let Some(courier) = self.system.courier() {
            courier.quiet().await;
        }
    }

    /// Changes how webhooks are delivered from now on.
    pub fn manners(&self, change: impl FnOnce(&mut crate::delivery::Manners)) {
        if let Some(courier) = self.system.courier() {
            courier.change_manners(change);
        }
    }
}

/// Locks a mutex whose data stays meaningful even when a holder panicked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
