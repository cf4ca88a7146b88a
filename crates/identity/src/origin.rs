//! Where a request came from, for sessions and the audit log.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use kernel::db::Caller;
use shell::RequestInfo;

/// The address and the browser or program of a request.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address, when it is known.
    pub ip: Option<IpAddr>,
    /// What the client says it is.
    pub agent: String,
}

impl Origin {
    /// The same for a transaction's rows in the audit log ([`kernel::db::OrgTx::called_from`]).
    pub fn caller(&self) -> Caller {
        Caller { ip: self.ip, agent: self.agent.as_str().into() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let info = RequestInfo::from_request_parts(parts, state).await?;
        Ok(Self { ip: info.ip, agent: info.agent.as_ref().to_owned() })
    }
}
