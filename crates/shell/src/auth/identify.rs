//! Middleware: reads the credential once a request, asks the identity room, and refuses what another site started.
//!
//! It never answers 401 by itself: a public page may be read with a stale cookie. [`crate::Allowed`] does.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use super::{Credential, Principal, credential, csrf};
use crate::edge::RequestInfo;
use crate::{App, AppError};

/// The largest form body that is read to look for its CSRF token.
const FORM_LIMIT: usize = 1 << 20;
/// How far into a form with files its CSRF token is looked for: pages put it first.
const PARTS_LIMIT: usize = 1 << 14;

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
    /// One was presented that may not be used from this address; why, in words.
    Barred(Arc<str>),
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
        Some(credential) => match app.auth().authenticate(credential, &from).await {
            Ok(None) => Identity::Refused,
            Ok(Some(principal)) => Identity::Known(Arc::new(Caller { principal, csrf: token(credential) })),
            Err(AppError::Forbidden(reason)) => Identity::Barred(reason.into()),
            Err(error) => return Err(error),
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
    if is_kind(request.headers(), "multipart/form-data") {
        return token_among_parts(request, session).await;
    }
    if !is_kind(request.headers(), "application/x-www-form-urlencoded") {
        return Err(stale_form());
    }
    let (parts, body) = request.into_parts();
    let bytes: Bytes = to_bytes(body, FORM_LIMIT).await.map_err(|_| AppError::TooLarge)?;
    match csrf::in_form(&bytes) {
        Some(presented) if csrf::matches(session, &presented) => Ok(Request::from_parts(parts, Body::from(bytes))),
        _ => Err(stale_form()),
    }
}

/// A form with files may be large: only its beginning is read here, and the handler reads the whole of it within its limit.
async fn token_among_parts(request: Request, session: &str) -> Result<Request, AppError> {
    let (parts, body) = request.into_parts();
    let (mut rest, mut start) = (body.into_data_stream(), Vec::new());
    let presented = loop {
        if let Some(presented) = csrf::in_parts(&start) {
            break presented;
        }
        match rest.next().await {
            Some(Ok(chunk)) if start.len() < PARTS_LIMIT => start.extend_from_slice(&chunk),
            Some(Err(_)) => return Err(AppError::bad_request("the body ended before it was complete")),
            _ => return Err(stale_form()),
        }
    };
    if !csrf::matches(session, &presented) {
        return Err(stale_form());
    }
    let whole = stream::once(async { Ok(Bytes::from(start)) }).chain(rest);
    Ok(Request::from_parts(parts, Body::from_stream(whole)))
}

fn is_kind(headers: &HeaderMap, wanted: &str) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| kind.starts_with(wanted))
}

fn stale_form() -> AppError {
    AppError::forbidden("this page is out of date: nothing was changed; load it again and repeat the step")
}
