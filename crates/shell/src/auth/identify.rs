//! Middleware: reads the credential once a request, asks the identity room, and refuses what another site started.
//!
//! It never answers 401 by itself: a public page may be read with a stale cookie. [`crate::Allowed`] does.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Credential, Principal, credential, csrf};
use crate::edge::RequestInfo;
use crate::{App, AppError};

/// The largest form body that is read to look for its CSRF token.
const FORM_LIMIT: usize = 1 << 20;

/// An authenticated caller and, for a browser session, its CSRF token.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// Set when the credential was the session cookie.
    pub(crate) csrf: Option<String>,
}

/// What is known about the caller of this request; an extension of every request that passed [`identify`].
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// No credential was presented.
    Anonymous,
    /// One was presented and is not valid (any more).
    Refused,
    /// The caller.
    Known(Arc<Caller>),
}

/// Puts the [`Identity`] on the request, and on the response for the outer layers.
pub(crate) async fn identify(State(app): State<App>, request: Request, next: Next) -> Response {
    match admit(&app, request).await {
        Ok((request, identity)) => {
            let mut response = next.run(request).await;
            response.extensions_mut().insert(identity);
            response
        }
        Err(error) => error.into_response(),
    }
}

async fn admit(app: &App, mut request: Request) -> Result<(Request, Identity), AppError> {
    let unsafe_method = csrf::is_unsafe(request.method());
    let Ok(found) = credential::find(request.headers(), app.is_secure()) else {
        request.extensions_mut().insert(Identity::Refused);
        return Ok((request, Identity::Refused));
    };
    let ambient = !matches!(found, Some(Credential::Bearer(_) | Credential::ApiKey(_)));
    if unsafe_method && ambient && csrf::is_cross_site(request.headers()) {
        return Err(AppError::forbidden("this request was started by another site"));
    }
    let from = request.extensions().get::<RequestInfo>().map(RequestInfo::caller).unwrap_or_default();
    let identity = match found {
        None => Identity::Anonymous,
        Some(credential) => match app.auth().authenticate(credential, &from).await? {
            None => Identity::Refused,
            Some(principal) => Identity::Known(Arc::new(Caller { principal, csrf: token(credential) })),
        },
    };
    if unsafe_method && let (Some(Credential::Session(session)), Identity::Known(_)) = (found, &identity) {
        let session = session.to_owned();
        request = require_token(request, &session).await?;
    }
    request.extensions_mut().insert(identity.clone());
    Ok((request, identity))
}

fn token(credential: Credential<'_>) -> Option<String> {
    match credential {
        Credential::Session(session) => Some(csrf::token_for_session(session)),
        _ => None,
    }
}

async fn require_token(request: Request, session: &str) -> Result<Request, AppError> {
    if let Some(presented) = request.headers().get(csrf::HEADER).and_then(|value| value.to_str().ok()) {
        return if csrf::matches(session, presented) { Ok(request) } else { Err(stale_form()) };
    }
    if !is_form(request.headers()) {
        return Err(stale_form());
    }
    let (parts, body) = request.into_parts();
    let bytes: Bytes = to_bytes(body, FORM_LIMIT).await.map_err(|_| AppError::TooLarge)?;
    match csrf::in_form(&bytes) {
        Some(presented) if csrf::matches(session, &presented) => Ok(Request::from_parts(parts, Body::from(bytes))),
        _ => Err(stale_form()),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

fn stale_form() -> AppError {
    AppError::forbidden("this page is out of date: nothing was changed; load it again and repeat the step")
}
