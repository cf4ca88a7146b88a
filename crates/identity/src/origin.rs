//! Where a request came from, for sessions and the audit log.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use shell::RequestInfo;

/// The most characters kept of a browser's description of itself.
const LONGEST_AGENT: usize = 200;

/// The address and the browser or program of a request.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address, when it is known.
    pub ip: Option<IpAddr>,
    /// What the client says it is.
    pub agent: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let info = RequestInfo::from_request_parts(parts, state).await?;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self { ip: info.ip, agent: agent.chars().take(LONGEST_AGENT).collect() })
    }
}
