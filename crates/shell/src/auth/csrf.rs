//! Refuses state changes that another site started.
//!
//! Two locks on cookie-authenticated unsafe methods: the browser's own word (`Sec-Fetch-Site`, else `Origin`), and a
//! token that only our pages know. The token is derived from the session secret, so nothing is stored and every process
//! agrees. Requests with a bearer token or an API key carry no ambient authority and need neither.

use axum::http::{HeaderMap, Method, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The request header that carries the token; forms use the field [`FIELD`].
pub(crate) const HEADER: &str = "x-csrf-token";

/// The form field that carries the token.
pub(crate) const FIELD: &str = "_csrf";

/// The token of a session: pages put it in forms and in htmx's headers.
pub fn token_for_session(session: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, session.as_bytes());
    URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, b"recoup csrf 1"))
}

/// Whether a presented token is the session's, in constant time.
pub(crate) fn matches(session: &str, presented: &str) -> bool {
    let Ok(tag) = URL_SAFE_NO_PAD.decode(presented) else { return false };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, session.as_bytes());
    ring::hmac::verify(&key, b"recoup csrf 1", &tag).is_ok()
}

/// Whether the method may change something.
pub(crate) fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// Whether the browser says that another site started this request. A client that is no browser says nothing.
pub(crate) fn is_cross_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else { return false };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    origin.split_once("://").map(|(_, rest)| rest) != host
}

/// The token inside a form body, if it has one.
pub(crate) fn in_form(body: &[u8]) -> Option<String> {
    // The token is base64url, so it needs no percent decoding.
    body.split(|byte| *byte == b'&')
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='))
        .find(|(name, _)| *name == FIELD)
        .map(|(_, value)| value.to_owned())
}

/// The token among the first parts of a form with files, once it is there whole.
pub(crate) fn in_parts(start: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(start);
    let (_, after) = text.split_once("name=\"_csrf\"\r\n\r\n")?;
    after.split_once("\r\n").map(|(token, _)| token.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_token_fits_its_session_and_no_other() {
        let token = token_for_session("secret-a");
        assert!(matches("secret-a", &token));
        assert!(!matches("secret-b", &token));
        assert!(!matches("secret-a", "not base64!"));
        assert_eq!(in_form(format!("name=x&_csrf={token}").as_bytes()), Some(token.clone()));
        assert_eq!(in_form(b"name=x"), None);
        let parts = format!("--XX\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n{token}\r\n--XX--");
        assert_eq!(in_parts(parts.as_bytes()), Some(token.clone()));
        assert_eq!(in_parts(parts.split_at(parts.find(&token).expect("it") + 5).0.as_bytes()), None, "not whole yet");
    }

    #[test]
    fn the_browsers_word_is_believed_and_a_program_says_nothing() {
        assert!(is_cross_site(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(is_cross_site(&headers(&[("sec-fetch-site", "same-site")])));
        assert!(!is_cross_site(&headers(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")])));
        assert!(is_cross_site(&headers(&[("origin", "https://evil.example"), ("host", "recoup.example")])));
        assert!(is_cross_site(&headers(&[("origin", "null"), ("host", "recoup.example")])));
        assert!(!is_cross_site(&headers(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")])));
        assert!(!is_cross_site(&headers(&[("host", "recoup.example")])));
    }
}
