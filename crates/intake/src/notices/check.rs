//! Whose notice it is, and which event: each system's signature over the raw body, under any of the connection's own secrets.
//!
//! A rule a newcomer would break: what names an event is taken from what was signed. An id in a header alone could be changed by
//! whoever saw a notice, to have another one passed over.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use connectors::callrail::webhook::{self as callrail, Event};
use connectors::ctm::webhook as ctm;
use connectors::hubspot::feed;
use connectors::hubspot::webhooks::Signed;
use connectors::signed::Untrusted;
use connectors::source::Notice;
use connectors::{mindbody, shopify, square, stripe};
use kernel::config::Secret;
use ring::digest;
use serde_json::Value;

use crate::kinds::Kind;

/// What came.
pub(super) struct Sent<'a> {
    pub kind: Kind,
    /// What the address says that happened, where it says so.
    pub event: Option<&'a str>,
    /// The public address that was called.
    pub url: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    pub now: DateTime<Utc>,
}

/// A notice that is the system's own.
#[derive(Debug)]
pub(super) struct Checked {
    pub notice: Notice,
    /// SHA-256 of what names each event in it; at least one.
    pub events: Vec<Vec<u8>>,
}

/// Why a notice is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Nobody proved who sent it: nothing of it is kept.
    Unsigned(String),
    /// It is the system's own and cannot be read: it is kept.
    Unreadable(String),
}

impl From<Untrusted> for Unfit {
    fn from(error: Untrusted) -> Self {
        match error {
            Untrusted::Unreadable(_) => Self::Unreadable(error.to_string()),
            _ => Self::Unsigned(error.to_string()),
        }
    }
}

impl From<callrail::WebhookError> for Unfit {
    fn from(error: callrail::WebhookError) -> Self {
        match error {
            callrail::WebhookError::Malformed => Self::Unreadable(error.to_string()),
            _ => Self::Unsigned(error.to_string()),
        }
    }
}

impl From<ctm::WebhookError> for Unfit {
    fn from(error: ctm::WebhookError) -> Self {
        match error {
            ctm::WebhookError::Malformed => Self::Unreadable(error.to_string()),
            _ => Self::Unsigned(error.to_string()),
        }
    }
}

/// The event of a name in CallRail's addresses.
pub(super) fn event(name: &str) -> Option<Event> {
    match name {
        "call" => Some(Event::Call),
        "form" => Some(Event::Form),
        "text" => Some(Event::Text),
        _ => None,
    }
}

impl Sent<'_> {
    fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// Checks the signature under any of `keys` and reads what came. Without a key nothing is taken.
    pub(super) fn check(&self, keys: &[Secret]) -> Result<Checked, Unfit> {
        if keys.is_empty() {
            return Err(Unfit::Unsigned("no signing secret is set for this connection".to_owned()));
        }
        let header = |name: &str| self.header(name);
        let notice = match self.kind {
            Kind::Stripe => stripe::notice(keys, header, self.body, self.now)?,
            Kind::Shopify => shopify::notice(keys, header, self.body)?,
            Kind::Square => square::notice(keys, self.url, header, self.body)?,
            Kind::Mindbody => mindbody::notice(keys, header, self.body)?,
            Kind::Hubspot => self.hubspot(keys)?,
            Kind::Callrail => {
                let event = self.event.and_then(event).unwrap_or(Event::Text);
                callrail::read(keys, header("signature").as_deref(), self.body, event, self.now)?
            }
            Kind::Ctm => {
                let (signature, time) = (header("x-ctm-signature"), header("x-ctm-time"));
                ctm::read(keys, signature.as_deref(), time.as_deref(), self.body, self.now)?
            }
            _ => return Err(Unfit::Unsigned("this system sends no notices".to_owned())),
        };
        Ok(Checked { notice, events: self.events() })
    }

    /// Only the version that signs the time: the older ones can be sent again for ever.
    fn hubspot(&self, keys: &[Secret]) -> Result<Notice, Untrusted> {
        if self.header("x-hubspot-signature-v3").is_none() {
            return Err(Untrusted::Missing);
        }
        let signed = Signed { method: "POST", uri: self.url, body: self.body };
        let mut outcome = Err(Untrusted::Missing);
        for key in keys {
            outcome = feed::notice(key, signed, |name: &str| self.header(name), self.now);
            if matches!(outcome, Ok(_) | Err(Untrusted::Unreadable(_))) {
                break;
            }
        }
        outcome
    }

    /// What names the events: the system's own id where it is signed, else everything that is.
    pub(super) fn events(&self) -> Vec<Vec<u8>> {
        let content = || hex::encode(digest::digest(&digest::SHA256, self.body));
        let body: Value = serde_json::from_slice(self.body).unwrap_or_default();
        let own = |field: &str| body[field].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
        let mut names: Vec<String> = match self.kind {
            Kind::Stripe => own("id").into_iter().collect(),
            Kind::Square => own("event_id").into_iter().collect(),
            Kind::Mindbody => own("messageId").into_iter().collect(),
            Kind::Hubspot => body.as_array().into_iter().flatten().map(change).collect(),
            // Two changes may look the same; then only the header tells them apart.
            Kind::Shopify => {
                let id = self.header("x-shopify-event-id").or_else(|| self.header("shopify-event-id"));
                vec![format!("{}:{}", id.unwrap_or_default(), content())]
            }
            _ => Vec::new(),
        };
        if names.is_empty() {
            names.push(content());
        }
        let event = self.event.unwrap_or_default();
        names
            .into_iter()
            .map(|name| digest::digest(&digest::SHA256, format!("{event}:{name}").as_bytes()).as_ref().to_vec())
            .collect()
    }
}

/// What names one change of HubSpot; its `eventId` alone is not unique.
fn change(item: &Value) -> String {
    format!("{}:{}:{}:{}", item["subscriptionId"], item["eventId"], item["occurredAt"], item["objectId"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(kind: Kind, headers: &HeaderMap, body: &str) -> Vec<Vec<u8>> {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        Sent { kind, event: None, url: "", headers, body: body.as_bytes(), now }.events()
    }

    #[test]
    fn an_event_is_named_by_what_is_signed() {
        let none = HeaderMap::new();
        let one = events(Kind::Stripe, &none, r#"{"id":"evt_1","n":1}"#);
        assert_eq!(one, events(Kind::Stripe, &none, r#"{"id":"evt_1","n":2}"#));
        assert_ne!(one, events(Kind::Stripe, &none, r#"{"id":"evt_2","n":1}"#));
        let changes = r#"[{"eventId":1,"subscriptionId":7,"occurredAt":1,"objectId":5},{"eventId":2,"subscriptionId":7,"occurredAt":1,"objectId":5}]"#;
        assert_eq!(events(Kind::Hubspot, &none, changes).len(), 2);
        assert_eq!(events(Kind::Hubspot, &none, "[]").len(), 1, "there is always one");
        let mut named = HeaderMap::new();
        named.insert("x-shopify-event-id", axum::http::HeaderValue::from_static("e1"));
        let first = events(Kind::Shopify, &named, r#"{"id":1}"#);
        assert_ne!(
            first,
            events(Kind::Shopify, &named, r#"{"id":2}"#),
            "the header is not signed: the body counts too"
        );
        assert_ne!(first, events(Kind::Shopify, &none, r#"{"id":1}"#));
    }
}
