//! Meta: the Graph API that Messenger, Instagram and WhatsApp share, and the first two of these channels.
//! WhatsApp's own words are in [`crate::whatsapp`].

pub mod errors;
pub mod find;
pub mod graph;
mod messaging;
pub mod oauth;
pub mod profile;
pub mod send;
pub mod signature;
pub mod subscription;
pub mod webhook;
