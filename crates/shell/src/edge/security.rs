//! Middleware: the headers that tell a browser what this site never does.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::App;

/// Everything comes from us; nothing inline, no frames around us, forms only to us. `data:` images are our own SVG marks
/// in style sheets. [`policy_with`] is the one exception.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const FIXED: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()"),
];

/// The policy of a page in which a script and its style stand: the whole texts of its `<script>` and `<style>` elements. Nothing else
/// may stand there.
pub fn policy_with(script: &str, sheets: &[&str]) -> HeaderValue {
    let sheets: Vec<String> = sheets.iter().map(|sheet| named(sheet)).collect();
    let policy = format!("{POLICY}; script-src 'self' {}; style-src 'self' {}", named(script), sheets.join(" "));
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(POLICY))
}

/// A text as a policy names it.
fn named(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest))
}

/// Adds the headers to every response. A handler that set one of them itself keeps it.
pub(crate) async fn security_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.is_secure() {
        let value = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(value);
    }
    keep_private(headers);
    response
}

/// What depends on who asks must not rest in a shared cache; assets say their own.
fn keep_private(headers: &mut HeaderMap) {
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
}
