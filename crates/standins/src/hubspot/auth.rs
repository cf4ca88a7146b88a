//! Tokens, scopes and limits, checked before any CRM endpoint, with the limit headers on every answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::state::Grant;
use super::{HubError, HubSpot};
use crate::server::meter::Reading;

const TEN_S_MS: i64 = 10_000;
const DAY_MS: i64 = 86_400_000;

/// The middleware.
pub(super) async fn check(State(hubspot): State<Arc<HubSpot>>, request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = header.strip_prefix("Bearer ").unwrap_or_default().to_owned();
    let path = request.uri().path().to_owned();
    let allowed = hubspot
        .grant(&token)
        .and_then(|grant| check_scope(&grant, request.method(), &path).map(|()| grant))
        .and_then(|grant| hubspot.spend(&token, &grant, path.ends_with("/search")).map(|spent| (grant, spent)));
    let (grant, (rolling, day)) = match allowed {
        Ok(allowed) => allowed,
        Err(error) => return error.into_response(),
    };
    let mut response = next.run(request).await;
    // Search answers carry no limit headers.
    if !path.ends_with("/search") {
        let limits = hubspot.config.limits;
        let most = if grant.private { limits.private_per_10_s } else { limits.public_per_10_s };
        let headers = response.headers_mut();
        headers.insert("x-hubspot-ratelimit-max", HeaderValue::from(most));
        headers.insert("x-hubspot-ratelimit-remaining", HeaderValue::from(rolling.remaining));
        headers.insert("x-hubspot-ratelimit-interval-milliseconds", HeaderValue::from(TEN_S_MS));
        if grant.private {
            headers.insert("x-hubspot-ratelimit-daily", HeaderValue::from(limits.per_day));
            headers.insert("x-hubspot-ratelimit-daily-remaining", HeaderValue::from(day.remaining));
        }
    }
    response
}

/// Private tokens may do everything; the others what they were granted.
fn check_scope(grant: &Grant, method: &Method, path: &str) -> Result<(), HubError> {
    let object =
        ["contacts", "deals", "companies"].into_iter().find(|object| path.split('/').any(|part| part == *object));
    let Some(object) = object.filter(|_| !grant.private) else { return Ok(()) };
    let reads = method == Method::GET || path.ends_with("/search") || path.ends_with("/batch/read");
    let family = if path.starts_with("/crm/v3/properties") { "schemas" } else { "objects" };
    let needed = format!("crm.{family}.{object}.{}", if reads { "read" } else { "write" });
    if grant.scopes.contains(&needed) { Ok(()) } else { Err(HubError::scopes(&needed)) }
}

impl HubSpot {
    /// What a token may do, if it is good now.
    pub(super) fn grant(&self, token: &str) -> Result<Grant, HubError> {
        let now = self.now_ms();
        match self.state(|state| state.tokens.get(token).cloned()) {
            None => Err(HubError::bad_token()),
            Some(grant) if grant.ends_ms <= now => Err(HubError::expired((now - grant.ends_ms) / 1000)),
            Some(grant) => Ok(grant),
        }
    }

    fn spend(&self, token: &str, grant: &Grant, search: bool) -> Result<(Reading, Reading), HubError> {
        let (now, limits) = (self.now_ms(), self.config.limits);
        let most = if grant.private { limits.private_per_10_s } else { limits.public_per_10_s };
        self.state(|state| {
            if search && !state.rolling.take("search", now, limits.searches_per_s, 1000).allowed {
                return Err(HubError::limit("SECONDLY"));
            }
            let day = state.fixed.take("day", now, limits.per_day, DAY_MS);
            if !day.allowed {
                return Err(HubError::limit("DAILY"));
            }
            let rolling = state.rolling.take(token, now, most, TEN_S_MS);
            if rolling.allowed { Ok((rolling, day)) } else { Err(HubError::limit("TEN_SECONDLY_ROLLING")) }
        })
    }
}
