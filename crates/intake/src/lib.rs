//! Connections to outside sources, imports and their runs.
//!
//! Rules a newcomer would break: a cursor is stored in the transaction that stores its records; a record that gives no signal is
//! kept with its reason; nothing is guessed silently (orders of dates, currencies): it is asked.

mod core;
mod web;

pub use core::Core;
pub use web::room;
