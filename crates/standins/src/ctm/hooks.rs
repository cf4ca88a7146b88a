//! Triggers: the call as the interface shows it, signed over time and body.

use std::sync::Arc;

use serde_json::Value;

use super::Ctm;
use crate::delivery::{Parcel, Postmark};
use crate::server::Shared;
use crate::sign;

pub(super) struct Signed {
    pub shared: Arc<Shared>,
    pub secret: String,
}

impl Postmark for Signed {
    fn body(&self, _group: &str, parts: &[Value]) -> Vec<u8> {
        parts.first().map(Value::to_string).unwrap_or_default().into_bytes()
    }

    fn headers(&self, _url: &str, body: &[u8], _attempt: u32) -> Vec<(&'static str, String)> {
        let time = self.shared.clock.now_s().to_string();
        let signature = sign::hmac_sha1_base64(&self.secret, &[time.as_bytes(), body].concat());
        vec![("x-ctm-time", time), ("x-ctm-signature", signature)]
    }

    fn most_parts(&self) -> usize {
        1
    }
}

impl Ctm {
    /// Sends triggers to `url` from now on.
    pub fn webhooks_to(&self, url: &str) {
        self.courier.verified(url);
    }

    /// Sends the trigger of a call.
    pub fn tells_of(&self, id: u64) {
        let Some(call) = self.data(|data| data.calls.iter().find(|call| call["id"] == id).cloned()) else { return };
        self.courier.send(Parcel { lane: id.to_string(), group: "call".to_owned(), part: call, hold_ms: 0 });
    }
}
