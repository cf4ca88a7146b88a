//! Webhooks: a call as it stands, in the webhook's own types, signed with SHA-1.

use serde_json::{Value, json};

use super::CallRail;
use crate::delivery::{Parcel, Postmark};
use crate::sign;

pub(super) struct Signed {
    pub key: String,
}

impl Postmark for Signed {
    fn body(&self, _group: &str, parts: &[Value]) -> Vec<u8> {
        parts.first().map(Value::to_string).unwrap_or_default().into_bytes()
    }

    fn headers(&self, _url: &str, body: &[u8], _attempt: u32) -> Vec<(&'static str, String)> {
        vec![("signature", sign::hmac_sha1_base64(&self.key, body))]
    }

    fn most_parts(&self) -> usize {
        1
    }
}

impl CallRail {
    /// Sends post-call webhooks to `url` from now on.
    pub fn webhooks_to(&self, url: &str) {
        self.courier.verified(url);
    }

    /// Sends the webhook of a call: durations and values are text there.
    pub fn tells_of(&self, id: &str) {
        let Some(mut call) = self.data(|data| data.calls.iter().find(|call| call["id"] == *id).cloned()) else {
            return;
        };
        call["duration"] = json!(call["duration"].to_string());
        call["timestamp"] = call["start_time"].clone();
        if call["business_phone_number"].is_null() {
            call["business_phone_number"] = json!("");
        }
        self.courier.send(Parcel { lane: id.to_owned(), group: "call".to_owned(), part: call, hold_ms: 0 });
    }
}
