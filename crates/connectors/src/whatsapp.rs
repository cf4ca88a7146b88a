//! WhatsApp's Cloud API, on Meta's Graph. A contact may have no phone number: key on the business-scoped user id.

mod contact;
mod message;
pub(crate) mod webhook;
