//! Finds the one credential of a request: bearer token, API key or session cookie, in that order.

use axum::http::{HeaderMap, header};

use super::cookies;

/// What a request presents to say who it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// `Authorization: Bearer …`: an access token, or an API key (told apart by the identity room).
    Bearer(&'a str),
    /// `X-API-Key: …`.
    ApiKey(&'a str),
    /// The session cookie of a browser; unsafe methods also need the CSRF token.
    Session(&'a str),
}

/// Secrets never reach a log by accident.
impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(…)",
            Self::ApiKey(_) => "ApiKey(…)",
            Self::Session(_) => "Session(…)",
        })
    }
}

/// A header that should carry a credential and does not.
pub(crate) struct Unreadable;

/// The credential of the request; `Ok(None)` when it presents none.
pub(crate) fn find(headers: &HeaderMap, secure: bool) -> Result<Option<Credential<'_>>, Unreadable> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let text = value.to_str().map_err(|_| Unreadable)?;
        let (scheme, token) = text.split_once(' ').ok_or(Unreadable)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return Err(Unreadable);
        }
        return Ok(Some(Credential::Bearer(token)));
    }
    if let Some(value) = headers.get("x-api-key") {
        let key = value.to_str().map_err(|_| Unreadable)?.trim();
        return if key.is_empty() { Err(Unreadable) } else { Ok(Some(Credential::ApiKey(key))) };
    }
    Ok(cookies::read(headers, cookies::session_name(secure)).map(Credential::Session))
}
