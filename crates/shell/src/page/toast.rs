//! A short message after an action, with an undo where there is one.
//!
//! Return it beside a fragment: `Ok((Toast::done("Conversation closed").undo("/inbox/…/closure"), show(&row)?))`.

use std::fmt::Write as _;

use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponseParts, ResponseParts};
use serde_json::{Map, Value, json};

/// A short message; sent as htmx's `HX-Trigger` header, shown by `toast.js`.
#[derive(Clone, Debug)]
pub struct Toast {
    tone: &'static str,
    text: String,
    undo: Option<(&'static str, String)>,
    next_page: bool,
    also: Vec<(String, Value)>,
}

impl Toast {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { tone: "done", text: text.into(), undo: None, next_page: false, also: Vec::new() }
    }

    /// Something was not done: what happened, what was kept, what to do.
    pub fn problem(text: impl Into<String>) -> Self {
        Self { tone: "problem", ..Self::done(text) }
    }

    /// Offers to take it back with `POST href`.
    #[must_use]
    pub fn undo(mut self, href: impl Into<String>) -> Self {
        self.undo = Some(("POST", href.into()));
        self
    }

    /// Offers to take it back with `DELETE href`: closing is creating a closure, reopening is deleting it.
    #[must_use]
    pub fn undo_by_delete(mut self, href: impl Into<String>) -> Self {
        self.undo = Some(("DELETE", href.into()));
        self
    }

    /// Also dispatches a DOM event on the page, so that other fragments refresh.
    #[must_use]
    pub fn and_event(mut self, name: impl Into<String>, detail: Value) -> Self {
        self.also.push((name.into(), detail));
        self
    }

    /// Shows it on the page a redirect leads to, instead of on this one.
    #[must_use]
    pub fn on_next_page(mut self) -> Self {
        self.next_page = true;
        self
    }

    /// The cookie that carries it over a redirect; `toast.js` shows it and forgets the cookie.
    fn cookie(&self) -> HeaderValue {
        let json = super::url_encoded(&self.json().to_string());
        HeaderValue::from_str(&format!("toast={json}; Path=/; SameSite=Lax; Max-Age=30"))
            .unwrap_or(HeaderValue::from_static("toast=; Path=/; Max-Age=0"))
    }

    fn json(&self) -> Value {
        let mut toast = json!({ "tone": self.tone, "text": self.text });
        if let Some((method, href)) = &self.undo {
            toast["undo"] = json!({ "method": method, "href": href });
        }
        toast
    }

    /// The header value. Only ASCII passes a header, so the rest is escaped the JSON way.
    pub(crate) fn header(&self) -> HeaderValue {
        let mut events = Map::new();
        events.insert("toast".to_owned(), self.json());
        events.extend(self.also.iter().cloned());
        let text = ascii(&Value::Object(events).to_string());
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("{}"))
    }
}

fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                write!(out, "\\u{unit:04x}").unwrap_or_default();
            }
        }
    }
    out
}

impl IntoResponseParts for Toast {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if self.next_page {
            parts.headers_mut().append(SET_COOKIE, self.cookie());
        } else {
            parts.headers_mut().insert("hx-trigger", self.header());
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_survives_the_header() {
        let toast = Toast::done("Closed “Ünal 😀”").undo_by_delete("/inbox/conv_1/closure");
        let header = toast.and_event("inbox:changed", json!({"id": 1})).header();
        let value: Value = serde_json::from_str(header.to_str().expect("ASCII")).expect("JSON");
        assert_eq!(value["toast"]["text"], "Closed “Ünal 😀”");
        assert_eq!(value["toast"]["undo"]["method"], "DELETE");
        assert_eq!(value["inbox:changed"]["id"], 1);
    }

    #[test]
    fn a_redirect_carries_it_in_a_cookie_without_special_characters() {
        let cookie = Toast::done("Saved; “ok”").on_next_page().cookie();
        let value = cookie.to_str().expect("ASCII").split("; ").next().expect("a pair").to_owned();
        assert!(value.contains("Saved%3B%20%E2%80%9Cok%E2%80%9D"), "{value}");
        assert!(!value.contains([';', '"', ' ', ',']), "{value}");
    }
}
