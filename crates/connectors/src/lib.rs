//! Wire formats, signatures and calls of outside systems. No business rules: what a platform allows is written down
//! here as data ([`channel`]), what Recoup then does is decided in the rooms.
//!
//! One folder per system. Received bytes become [`channel::Received`]; things to send become
//! [`channel::SendOutcome`]. Every call goes through [`kernel::http::Http`].

pub(crate) mod amount;
pub mod calendar;
pub(crate) mod call;
pub mod callrail;
pub mod channel;
pub mod ctm;
pub mod google;
pub mod hubspot;
pub mod meta;
pub mod meta_ads;
pub mod microsoft;
pub mod mindbody;
pub mod oauth;
pub mod openai;
pub(crate) mod record;
pub mod salesforce;
pub mod shopify;
pub mod signal;
pub mod signed;
pub mod source;
pub mod square;
pub mod stripe;
pub(crate) mod walk;
pub mod whatsapp;
pub(crate) mod wire;
pub mod x;
