//! WhatsApp's Cloud API, on Meta's Graph. A contact may have no phone number: key on the business-scoped user id.
//! There is no way to ask what was sent: after an unknown outcome only a status webhook tells, by our own key.

pub mod account;
mod contact;
pub mod media;
mod message;
pub mod send;
pub(crate) mod webhook;

use crate::meta::errors::{self, Verdict};

/// What a code in a `failed` status means for the sender.
pub fn verdict(code: i64) -> Verdict {
    errors::whatsapp(code, false)
}
