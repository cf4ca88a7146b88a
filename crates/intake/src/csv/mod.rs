//! Tables as files: what they are written in, what their columns hold, and what a row says as a signal. All of it is pure.
//!
//! Rules a newcomer would break: nothing is guessed silently: where a file does not say which of two things it means, a
//! question is asked, and without an answer nothing starts; a row that cannot be read is kept with its reason, never dropped.

pub mod columns;
pub mod dates;
pub mod map;
pub mod mapping;
pub mod money;
pub mod propose;
pub mod sniff;

/// The fields of a signal that a mapping can fill, besides `data.…`.
pub const FIELDS: [&str; 9] =
    ["external_id", "at", "kind", "source", "location", "contact", "lead", "value", "currency"];
