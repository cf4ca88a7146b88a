//! What is known about a request before anything else runs.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use kernel::Clock;
use kernel::db::Caller;

use crate::app::ClientIp;
use crate::auth::cookies;
use crate::page::Theme;

/// The header of a request's id.
const ID: &str = "x-request-id";
/// The most characters kept of a browser's description of itself.
const LONGEST_AGENT: usize = 200;

/// What is known about a request: an extension of every request, and an extractor.
#[derive(Clone, Debug)]
pub struct RequestInfo {
    /// The id in `X-Request-ID`, ours or the client's.
    pub id: Arc<str>,
    /// The path without the query.
    pub path: Arc<str>,
    /// Path and query, to come back to after signing in.
    pub target: Arc<str>,
    /// The client's address, when the server knows it.
    pub ip: Option<IpAddr>,
    /// What the client says it is, cut to 200 characters; empty when it says nothing.
    pub agent: Arc<str>,
    /// Whether htmx asks for a fragment (and not for a whole page after a lost history entry).
    pub fragment: bool,
    /// Light, dark or the system's choice.
    pub theme: Theme,
}

impl RequestInfo {
    /// Reads it from a request that just came in.
    pub(crate) fn read(request: &Request, clock: &Clock, trust_proxy: bool) -> Self {
        let headers = request.headers();
        let uri = request.uri();
        Self {
            id: accepted_id(headers).map_or_else(|| fresh_id(clock).into(), Into::into),
            path: uri.path().into(),
            target: uri.path_and_query().map_or_else(|| uri.path(), |both| both.as_str()).into(),
            ip: client_ip(request, trust_proxy),
            agent: agent(headers),
            fragment: headers.contains_key("hx-request")
                && !headers.contains_key("hx-boosted")
                && !headers.contains_key("hx-history-restore-request"),
            theme: Theme::from_cookie(cookies::read(headers, "theme")),
        }
    }

    /// What the outermost layer put on the request.
    pub(crate) fn of(parts: &Parts) -> Self {
        parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self::of_program("", parts.uri.path()))
    }

    /// What an error for a program names of its request.
    pub(super) fn of_program(id: &str, path: &str) -> Self {
        Self {
            id: id.into(),
            path: path.into(),
            target: path.into(),
            ip: None,
            agent: "".into(),
            fragment: false,
            theme: Theme::System,
        }
    }

    /// From where it came, for the audit log.
    pub fn caller(&self) -> Caller {
        Caller { ip: self.ip, agent: self.agent.clone() }
    }

    /// Whether a program asks: it gets JSON errors.
    pub(crate) fn is_api(&self) -> bool {
        for_programs(&self.path)
    }
}

/// Whether an identity provider asks: it gets errors in the shape of RFC 7644.
pub(crate) fn for_scim(path: &str) -> bool {
    path == "/scim" || path.starts_with("/scim/")
}

/// Whether a path is for programs.
pub(crate) fn for_programs(path: &str) -> bool {
    path == "/v2"
        || path.starts_with("/v2/")
        || path.starts_with("/webhooks/")
        || for_scim(path)
        || path.starts_with("/health/")
        || matches!(path, "/live" | "/ws" | "/metrics")
}

impl<S: Send + Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

/// The id of a request as its answer carries it: the client's own or a fresh one.
pub(super) fn request_id(headers: &HeaderMap, clock: &Clock) -> HeaderValue {
    let own = headers.get(ID).filter(|_| accepted_id(headers).is_some());
    own.cloned().unwrap_or_else(|| HeaderValue::try_from(fresh_id(clock)).expect("letters, digits and an underscore"))
}

/// The client's own id, when it is short and harmless in a log.
fn accepted_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(ID)?.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (!id.is_empty() && id.len() <= 64 && id.bytes().all(harmless)).then_some(id)
}

fn fresh_id(clock: &Clock) -> String {
    format!("req_{}", kernel::ids::encode(kernel::ids::uuid_at(clock.now()).as_u128()))
}

fn agent(headers: &HeaderMap) -> Arc<str> {
    let said = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A header's text is ASCII, so that a cut cannot fall into a character.
    said.get(..LONGEST_AGENT).unwrap_or(said).into()
}

fn client_ip(request: &Request, trust_proxy: bool) -> ClientIp {
    // Some proxies add a line of their own to what the client sent: the last one is theirs.
    let told = request.headers().get_all("x-forwarded-for").iter().next_back();
    if trust_proxy
        && let Some(forwarded) = told.and_then(|value| value.to_str().ok())
        // The last entry is the one our own proxy wrote; the ones before it are the client's word.
        && let Some(ip) = forwarded.rsplit(',').next().and_then(|ip| ip.trim().parse().ok())
    {
        return Some(ip);
    }
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}
