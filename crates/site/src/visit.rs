//! A visitor's request: whose site it is for, and what may be known of who asks.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use shell::{AppError, RequestInfo};

use crate::core::Core;
use crate::sites::Site;

/// A request to a site; every public handler takes one first.
#[derive(Clone)]
pub(crate) struct Visit {
    /// The site that answers.
    pub site: Arc<Site>,
    /// The address its links begin with, without a slash at the end.
    pub base: Arc<str>,
    /// The path that was asked for.
    pub path: Arc<str>,
    /// The query, without the question mark; empty for none.
    pub query: Arc<str>,
    pub headers: HeaderMap,
    /// The client's address, where the server knows it.
    pub ip: Option<IpAddr>,
    /// For error pages and the log.
    pub request_id: Arc<str>,
}

impl Visit {
    /// A value of the query, decoded; none where it is absent.
    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        let pairs: Vec<(String, String)> = serde_html(&self.query);
        pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether a page of the same host led here, as browsers say it.
    pub(crate) fn goes_on(&self) -> bool {
        self.headers.get("sec-fetch-site").is_some_and(|from| from == "same-origin")
    }

    /// What the browser says it is.
    pub(crate) fn agent(&self) -> &str {
        self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn serde_html(query: &str) -> Vec<(String, String)> {
    axum::http::Uri::builder()
        .path_and_query(format!("/?{query}"))
        .build()
        .ok()
        .and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok())
        .map(|axum::extract::Query(pairs)| pairs)
        .unwrap_or_default()
}

impl<S> FromRequestParts<S> for Visit
where
    S: Send + Sync,
    Core: FromRef<S>,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let core = Core::from_ref(state);
        let site = core.hosts().find(host(&parts.headers)).await?;
        let site = site.ok_or_else(|| AppError::not_found("site"))?;
        let Ok(info) = RequestInfo::from_request_parts(parts, state).await;
        let base = site.address(&core.kernel().config.http.base_url());
        let visit = Self {
            site,
            base: base.into(),
            path: parts.uri.path().into(),
            query: parts.uri.query().unwrap_or_default().into(),
            headers: parts.headers.clone(),
            ip: info.ip,
            request_id: info.id,
        };
        parts.extensions.insert(visit.clone());
        Ok(visit)
    }
}

/// The host that a request names; empty where it names none.
pub(crate) fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
