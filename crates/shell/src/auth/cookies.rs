//! The cookies of the product: session, theme. Read by hand, because two names do not need a crate.
//!
//! Over HTTPS the session cookie carries the `__Host-` prefix, so that no sibling host can plant one.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::AppError;

/// The name of the session cookie.
pub(crate) fn session_name(secure: bool) -> &'static str {
    if secure { "__Host-recoup_session" } else { "recoup_session" }
}

/// The value of a cookie.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

/// Whether a request comes with a session of ours, good or not: it is somebody who signs in, not a visitor.
pub fn has_session(headers: &HeaderMap, secure: bool) -> bool {
    read(headers, session_name(secure)).is_some()
}

/// The value of one of our own cookies set by [`locked_cookie`].
pub fn read_cookie<'a>(headers: &'a HeaderMap, name: &str, secure: bool) -> Option<&'a str> {
    if secure { read(headers, &format!("__Host-{name}")) } else { read(headers, name) }
}

/// A `Set-Cookie` value for a secret of our own that scripts cannot read and other sites cannot send with a form; with no
/// time to live it ends the cookie.
pub fn locked_cookie(name: &str, value: &str, lasts: Duration, secure: bool) -> Result<HeaderValue, AppError> {
    let (prefix, suffix) = if secure { ("__Host-", "; Secure") } else { ("", "") };
    let seconds = lasts.as_secs();
    let text = format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{suffix}");
    HeaderValue::from_str(&text).map_err(AppError::internal)
}

/// A `Set-Cookie` value that starts a browser session: HTTP only, same site, secure when the address is.
pub fn session_cookie(token: &str, lasts: Duration, secure: bool) -> Result<HeaderValue, AppError> {
    locked_cookie("recoup_session", token, lasts, secure)
}

/// A `Set-Cookie` value that ends the browser session.
pub fn clear_session_cookie(secure: bool) -> HeaderValue {
    HeaderValue::from_static(if secure {
        "__Host-recoup_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"
    } else {
        "recoup_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_an_empty_one_is_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("theme=dark; recoup_session=abc=="));
        headers.append(header::COOKIE, HeaderValue::from_static("other=; last=1"));
        assert_eq!(read(&headers, "recoup_session"), Some("abc=="));
        assert_eq!(read(&headers, "theme"), Some("dark"));
        assert_eq!(read(&headers, "other"), None);
        assert_eq!(read(&headers, "session"), None);
    }

    #[test]
    fn the_session_cookie_is_locked_to_the_host_over_https() {
        let cookie = session_cookie("t", Duration::from_secs(60), true).expect("a plain token");
        assert_eq!(cookie, "__Host-recoup_session=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        assert!(session_cookie("bad\nvalue", Duration::from_secs(1), false).is_err());
    }
}
