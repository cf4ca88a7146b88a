//! X: direct messages, over the X Activity API and, for older subscriptions, the Account Activity API.

pub mod api;
mod direct_message;
pub mod find;
pub mod oauth1;
pub mod oauth2;
pub mod send;
pub mod signature;
pub mod subscriptions;
pub mod webhook;
