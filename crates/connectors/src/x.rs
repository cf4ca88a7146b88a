//! X: direct messages, over the X Activity API and, for older subscriptions, the Account Activity API.

mod direct_message;
pub mod signature;
pub mod webhook;
