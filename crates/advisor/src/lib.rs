//! Answers about the business, in the OpenAI wire format.
//!
//! Rules a newcomer would break: every figure of an answer comes from a tool's result or the answer is withheld; a tool sees one
//! organisation; text found in data is never an instruction.

mod core;
mod web;

pub use core::Core;
pub use web::room;
