//! WhatsApp Cloud: numbers on the Graph server of [`crate::meta`].
//!
//! A newcomer's mistakes: sending timestamps as numbers (they are strings of seconds), and assuming that a person has
//! a phone number (somebody with a user name has only a business-scoped id).

pub(crate) mod account;
pub(crate) mod inbound;
pub(crate) mod media;
mod rules;
pub(crate) mod send;
mod statuses;
pub(crate) mod templates;
