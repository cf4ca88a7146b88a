//! The one way out to other systems over HTTP: timeouts, a circuit breaker per service, retries, a cap on bodies.
//!
//! Rules a newcomer would break:
//! - Never make a `reqwest::Client` elsewhere; its errors do not say whether the effect may have happened. Ours do:
//!   [`HttpError::NotSent`] is safe to repeat, [`HttpError::Unknown`] is not, a [`Response`] has a status.
//! - A request is repeated only after [`Request::safe_to_repeat`]. Do not call it on a request with an effect, unless
//!   the other side deduplicates it.
//! - URLs that a customer gave us go through [`Http::public`], which refuses to reach into private networks.
//! - Redirects are not followed: a platform that redirects an API call is misconfigured, and a customer's URL must
//!   not lead elsewhere after it was checked.

mod breaker;
mod error;
pub mod guard;
mod request;
mod response;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use breaker::{BreakerConfig, BreakerMode, BreakerState};
pub use error::{HttpError, Lost, NotSent};
pub use request::Request;
pub use reqwest::header;
pub use reqwest::multipart;
pub use reqwest::{Method, StatusCode, Url};
pub use response::{BadBody, Response, Streaming};

use crate::clock::Clock;
use breaker::Breakers;

/// How Recoup calls out. The defaults are right for APIs that answer in seconds.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// How long to wait for a connection, and for a whole exchange (a request may set its own).
    pub timeouts: Timeouts,
    /// Connections kept open between requests.
    pub pool: Pool,
    /// How requests that are safe to repeat are repeated.
    pub retry: Retry,
    /// When a failing service is left alone.
    pub breaker: BreakerConfig,
    /// Answers longer than this many bytes are refused (a request may set its own).
    pub max_body: usize,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// A forward proxy for the platforms' APIs; customers' URLs never go through it.
    pub proxy: Option<String>,
    /// Lets customers' URLs reach private addresses: for an operator whose webhooks stay in the house, and tests.
    pub allow_private_targets: bool,
}

/// Time limits of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    pub total: Duration,
}

/// Limits of the connection pool, per host.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    pub idle_per_host: usize,
    pub idle: Duration,
}

/// The waits between attempts: `base`, doubled each time, with jitter; a `Retry-After` of the other side is honoured
/// unless it is above `longest_wait`, when its answer is handed to the caller instead.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    pub base: Duration,
    pub longest_wait: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            timeouts: Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(30) },
            pool: Pool { idle_per_host: 32, idle: Duration::from_secs(60) },
            retry: Retry { base: Duration::from_millis(200), longest_wait: Duration::from_secs(10) },
            breaker: BreakerConfig::default(),
            max_body: 8 * 1024 * 1024,
            user_agent: concat!("Recoup/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: None,
            allow_private_targets: false,
        }
    }
}

/// One attempt, as told to the observer when it ended.
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    pub service: &'a str,
    pub method: &'a Method,
    /// The status, when an answer came.
    pub status: Option<u16>,
    /// A short stable word for the failure: `refused`, `dns`, `timeout`, `closed`, `body_too_large`, …
    pub failure: Option<&'static str>,
    pub elapsed: Duration,
    /// 1 for the first attempt.
    pub attempt: u32,
}

/// The name of a system that is called: of its breaker, and in metrics and errors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service(Cow<'static, str>);

impl From<&'static str> for Service {
    fn from(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl From<String> for Service {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

impl std::ops::Deref for Service {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// Calls other systems. Cheap to clone; all clones share connections and breakers.
#[derive(Clone)]
pub struct Http {
    inner: Arc<Inner>,
    observer: Option<Observer>,
}

struct Inner {
    config: HttpConfig,
    clock: Clock,
    client: reqwest::Client,
    public: reqwest::Client,
    breakers: Breakers,
    jitter: AtomicU64,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

/// The outbound client could not be set up; the message says which setting is wrong.
#[derive(Debug, thiserror::Error)]
#[error("outbound HTTP cannot be set up: {0}")]
pub struct HttpSetup(String);

impl Http {
    /// Builds the client; also installs `ring` as the process's TLS cryptography when nothing is installed yet.
    pub fn new(config: HttpConfig, clock: Clock) -> Result<Self, HttpSetup> {
        // An error only means that another provider was installed first, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let proxy = config.proxy.as_deref().map(reqwest::Proxy::all).transpose();
        let proxy = proxy.map_err(|error| HttpSetup(format!("proxy: {}", error.without_url())))?;
        let client = build(&config, |builder| match &proxy {
            Some(proxy) => builder.proxy(proxy.clone()),
            None => builder.no_proxy(),
        })?;
        let resolver = guard::PublicResolver::new(config.allow_private_targets);
        let public = build(&config, |builder| builder.no_proxy().dns_resolver(resolver.clone()))?;
        let breakers = Breakers::new(config.breaker, clock.clone());
        let jitter = AtomicU64::new(clock.now().timestamp_micros() as u64);
        Ok(Self { inner: Arc::new(Inner { config, clock, client, public, breakers, jitter }), observer: None })
    }

    /// The same client, telling `observer` of every attempt when it ends.
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// A request to a system of which the operator gave the address. `service` names its breaker and its metrics.
    pub fn request(&self, service: impl Into<Service>, method: Method, url: impl AsRef<str>) -> Request {
        let builder = self.inner.client.request(method, url.as_ref());
        Request::new(self.clone(), service.into(), builder, true)
    }

    /// A `GET` to a system of which the operator gave the address.
    pub fn get(&self, service: impl Into<Service>, url: impl AsRef<str>) -> Request {
        self.request(service, Method::GET, url)
    }

    /// A `POST` to a system of which the operator gave the address.
    pub fn post(&self, service: impl Into<Service>, url: impl AsRef<str>) -> Request {
        self.request(service, Method::POST, url)
    }

    /// A request to a URL that a customer gave. It reaches public addresses only, checked on the resolved addresses
    /// that are then connected to, and has no breaker: one customer's dead host must not silence another's.
    pub fn public(&self, method: Method, url: &str) -> Result<Request, guard::Forbidden> {
        let url = guard::check(url, self.inner.config.allow_private_targets)?;
        let builder = self.inner.public.request(method, url);
        Ok(Request::new(self.clone(), Service::from("public"), builder, false))
    }

    /// The same for a URL whose networks the operator decides on: with `allow_private`, private addresses are reached too.
    pub fn tenant(&self, method: Method, url: &str, allow_private: bool) -> Result<Request, guard::Forbidden> {
        if !allow_private {
            return self.public(method, url);
        }
        let builder = self.inner.client.request(method, guard::check(url, true)?);
        Ok(Request::new(self.clone(), Service::from("tenant"), builder, false))
    }

    /// The breakers of all services called so far, by name, for the Operations page.
    pub fn breakers(&self) -> Vec<BreakerState> {
        self.inner.breakers.states()
    }

    /// The clock that waits and breakers go by.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    fn observe(&self, exchange: &Exchange<'_>) {
        if let Some(observer) = &self.observer {
            observer(exchange);
        }
    }

    /// A number in `[0.5, 1)` that differs from call to call, to spread retries of many callers.
    fn spread(&self) -> f64 {
        let mut z = self.inner.jitter.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        0.5 + ((z ^ (z >> 31)) >> 12) as f64 / (1u64 << 53) as f64
    }
}

#[expect(clippy::disallowed_methods, reason = "the one home of the HTTP client")]
fn build(
    config: &HttpConfig,
    shape: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> Result<reqwest::Client, HttpSetup> {
    let base = || {
        shape(reqwest::Client::builder())
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(config.timeouts.connect)
            .pool_max_idle_per_host(config.pool.idle_per_host)
            .pool_idle_timeout(config.pool.idle)
            .user_agent(&config.user_agent)
    };
    base().build().or_else(|error| {
        // A machine without CA certificates can still call its own network over plain HTTP; every https call fails.
        tracing::warn!(error = %error, "no CA certificates could be loaded: https calls will fail (install ca-certificates)");
        base().tls_certs_only([]).build().map_err(|error| HttpSetup(error.to_string()))
    })
}
