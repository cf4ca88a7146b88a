//! The cookie that ties a sign-in at a provider to the browser that began it: whoever has only the address of a callback
//! cannot sign somebody else's browser in (login CSRF).

use axum::http::{HeaderMap, HeaderValue, header};
use shell::{App, AppError};

use crate::secrets;

/// Over HTTPS no sibling host can plant it.
fn name(app: &App) -> &'static str {
    if app.is_secure() { "__Host-recoup_sso" } else { "recoup_sso" }
}

/// The cookie of this browser.
pub(crate) struct Cookie {
    name: &'static str,
    value: String,
    secure: bool,
}

impl Cookie {
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// The `Set-Cookie` header; a browser keeps it as long as somebody may take at the provider.
    pub(crate) fn header(&self) -> Result<HeaderValue, AppError> {
        let Self { name, value, secure } = self;
        let suffix = if *secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600{suffix}");
        HeaderValue::from_str(&text).map_err(AppError::internal)
    }
}

/// The cookie the browser has, else a new one: two tabs that sign in at once have the same.
pub(crate) fn cookie(headers: &HeaderMap, app: &App) -> Result<Cookie, AppError> {
    let value = match read(headers, name(app)) {
        Some(value) if value.len() == 43 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) => {
            value.to_owned()
        }
        _ => secrets::fresh("")?,
    };
    Ok(Cookie { name: name(app), value, secure: app.is_secure() })
}

/// Whether the browser has the cookie with a hash. (Hashes are compared: the time tells nothing of the value.)
pub(crate) fn is_same(headers: &HeaderMap, app: &App, hash: &[u8]) -> bool {
    read(headers, name(app)).is_some_and(|value| secrets::hash(value) == hash)
}

/// Takes the cookie away after the sign-in.
pub(crate) fn cleared(app: &App) -> HeaderValue {
    HeaderValue::from_static(if app.is_secure() {
        "__Host-recoup_sso=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"
    } else {
        "recoup_sso=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    })
}

fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}
