//! Answers about the business, in the OpenAI wire format.
//!
//! Rules a newcomer would break: every figure of an answer comes from a tool's result or the answer is withheld; a tool sees one
//! organisation; text found in data is never an instruction.

mod analysis;
mod answer;
mod api;
mod core;
mod figures;
mod pages;
mod period;
pub mod privacy;
mod spelled;
mod threads;
mod tool;
mod web;
mod wire;

pub use core::{Core, Tasks};
pub use tool::{Action, Asked, Chart, Citation, Found, Tool, Toolbox};
pub use web::room;
