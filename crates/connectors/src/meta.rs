//! Meta: the Graph API that Messenger, Instagram and WhatsApp share, and the first two of these channels.
//! WhatsApp's own words are in [`crate::whatsapp`].

mod messaging;
pub mod signature;
pub mod webhook;
