//! Middleware: refuses what is over a rate, and tells every API client where it stands.
//!
//! A request on a door counts for its address. A request on the API counts for its organisation and, with a key, for the key
//! too, so that one busy program cannot use up what the organisation's others need. Of several limits the client is told the
//! one it is closest to.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kernel::ledger::Actor;

use super::{Rate, Verdict};
use crate::auth::csrf;
use crate::auth::identify::Identity;
use crate::edge::RequestInfo;
use crate::{App, AppError};

/// Where somebody may be guessing a password, a code or the secret of a link: the path, and everything below it.
const DOORS: [&str; 14] = [
    "/sign-in",
    "/register",
    "/reset",
    "/invite",
    "/verify",
    "/settings/profile/password",
    "/v2/auth/login",
    "/v2/auth/register",
    "/v2/auth/refresh",
    "/v2/auth/password",
    "/v2/auth/password-reset",
    "/v2/auth/verify",
    "/v2/auth/passkeys",
    "/v2/invites/accept",
];
/// Where the outside brings people to, also by `GET`: single sign-on, and links whose secret stands in the path.
const READ_TOO: [&str; 4] = ["/auth", "/reset", "/invite", "/restore"];
/// A key's share of what its organisation may ask, in per cent: enough for one program, not for all of it.
const KEY_SHARE: u32 = 60;

/// Applies the limit of the address on the doors, and those of the plan and the key on the API.
pub(crate) async fn rate_limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut told: Option<Verdict> = None;
    for (subject, rate) in subjects(&app, &request) {
        let verdict = app.limiter().take(&subject, rate).await;
        if let Some(wait) = verdict.retry_after {
            let mut response = AppError::too_many(wait).into_response();
            describe(response.headers_mut(), verdict);
            return response;
        }
        if told.is_none_or(|other| verdict.remaining < other.remaining) {
            told = Some(verdict);
        }
    }
    let mut response = next.run(request).await;
    if let Some(verdict) = told {
        describe(response.headers_mut(), verdict);
    }
    response
}

/// Every bucket the request takes from. The key's comes first: what it refuses costs the organisation nothing.
fn subjects(app: &App, request: &Request) -> Vec<(String, Rate)> {
    let settings = app.settings();
    let Some(info) = request.extensions().get::<RequestInfo>() else { return Vec::new() };
    if settings.rate_factor == 0 {
        return Vec::new();
    }
    if is_door(request.method(), &info.path) {
        let per_minute = settings.sign_in_per_minute;
        // One person has as many IPv6 addresses as they like: their network is what counts.
        return info
            .ip
            .map(|ip| (format!("door:{}", neighbourhood(ip)), Rate::a_minute(per_minute)))
            .into_iter()
            .collect();
    }
    match request.extensions().get::<Identity>() {
        Some(Identity::Known(caller)) if info.path.starts_with("/v2/") || info.path.starts_with("/scim/") => {
            let per_minute = caller.principal.plan.requests_per_minute().saturating_mul(settings.rate_factor);
            let org = (caller.principal.org.to_string(), Rate::a_minute(per_minute));
            match caller.principal.actor {
                Actor::Key(key) => {
                    let share = (u64::from(per_minute) * u64::from(KEY_SHARE) / 100).max(1) as u32;
                    vec![(key.to_string(), Rate::a_minute(share)), org]
                }
                _ => vec![org],
            }
        }
        _ => Vec::new(),
    }
}

fn is_door(method: &Method, path: &str) -> bool {
    let below = |door: &&str| path.strip_prefix(*door).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if csrf::is_unsafe(method) { DOORS.iter().chain(&READ_TOO).any(below) } else { reads(path) }
}

/// Whether reading a path tells whether its secret is right: the forms themselves may be looked at freely.
fn reads(path: &str) -> bool {
    READ_TOO.iter().any(|door| path.strip_prefix(*door).is_some_and(|rest| rest.starts_with('/')))
}

/// The address, or the /64 network of an IPv6 one: what counts as one that asks.
pub fn neighbourhood(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn describe(headers: &mut HeaderMap, verdict: Verdict) {
    let seconds = verdict.reset.as_micros().div_ceil(1_000_000) as u64;
    headers.insert("ratelimit-limit", HeaderValue::from(verdict.limit));
    headers.insert("ratelimit-remaining", HeaderValue::from(verdict.remaining));
    headers.insert("ratelimit-reset", HeaderValue::from(seconds));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_are_counted_where_a_secret_could_be_guessed_and_pages_are_not() {
        let post = |path| is_door(&Method::POST, path);
        for door in [
            "/sign-in",
            "/sign-in/passkey",
            "/reset",
            "/reset/secret",
            "/invite/secret",
            "/verify",
            "/v2/auth/login",
            "/v2/auth/login/second",
            "/v2/auth/refresh",
            "/v2/auth/password-reset",
            "/v2/auth/password-reset/secret",
            "/v2/invites/accept",
            "/auth/saml/x/acs",
            "/settings/profile/password",
        ] {
            assert!(post(door), "{door}");
        }
        for free in [
            "/sign-out",
            "/v2/auth/session",
            "/v2/invites",
            "/v2/auth/sessions",
            "/registered",
            "/settings/profile/name",
        ] {
            assert!(!post(free), "{free}");
        }
        let get = |path| is_door(&Method::GET, path);
        for door in ["/reset/secret", "/invite/secret", "/auth/oidc/x/callback", "/auth/oidc/x/start"] {
            assert!(get(door), "{door}");
        }
        for free in ["/sign-in", "/reset", "/register", "/v2/auth/session", "/verify"] {
            assert!(!get(free), "{free}");
        }
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_a_mapped_one_is_what_it_maps() {
        let of = |text: &str| neighbourhood(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:ffff::2"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.7"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
    }
}
