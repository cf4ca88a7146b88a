//! Middleware: refuses what is over the rate, and tells every API client where it stands.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Rate, Verdict};
use crate::auth::csrf;
use crate::auth::identify::Identity;
use crate::edge::{RequestInfo, for_scim};
use crate::{App, AppError};

/// Where somebody may be guessing passwords.
const DOORS: [&str; 11] = [
    "/sign-in",
    "/sign-in/passkey",
    "/sign-in/second-factor",
    "/sign-in/second-factor/options",
    "/register",
    "/v2/auth/login",
    "/v2/auth/login/second-factor",
    "/v2/auth/login/second-factor/options",
    "/v2/auth/passkeys/sign-in",
    "/v2/auth/passkeys/sign-in/options",
    "/v2/auth/register",
];

/// Applies the limit of the address on the doors and the plan's limit on the API.
pub(crate) async fn rate_limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some((subject, rate)) = subject(&app, &request) else { return next.run(request).await };
    let verdict = app.limiter().take(&subject, rate).await;
    let mut response = match verdict.retry_after {
        Some(wait) => AppError::too_many(wait).into_response(),
        None => next.run(request).await,
    };
    describe(response.headers_mut(), verdict);
    response
}

fn subject(app: &App, request: &Request) -> Option<(String, Rate)> {
    let settings = app.settings();
    let info = request.extensions().get::<RequestInfo>()?;
    if settings.rate_factor == 0 {
        return None;
    }
    if csrf::is_unsafe(request.method()) && DOORS.contains(&&*info.path) {
        let per_minute = settings.sign_in_per_minute;
        return info.ip.map(|ip| (format!("door:{ip}"), Rate { per_minute }));
    }
    match request.extensions().get::<Identity>() {
        Some(Identity::Known(caller)) if info.path.starts_with("/v2/") || for_scim(&info.path) => {
            let per_minute = caller.principal.plan.requests_per_minute().saturating_mul(settings.rate_factor);
            Some((caller.principal.org.to_string(), Rate { per_minute }))
        }
        _ => None,
    }
}

fn describe(headers: &mut HeaderMap, verdict: Verdict) {
    let seconds = verdict.reset.as_micros().div_ceil(1_000_000) as u64;
    headers.insert("ratelimit-limit", HeaderValue::from(verdict.limit));
    headers.insert("ratelimit-remaining", HeaderValue::from(verdict.remaining));
    headers.insert("ratelimit-reset", HeaderValue::from(seconds));
}
