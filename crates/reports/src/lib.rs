//! Briefings, custom reports, exports and their schedules.
//!
//! Rules a newcomer would break: the same figures give the same bytes; a report that could not be delivered raises an alert.

mod core;
mod web;

pub use core::Core;
pub use web::room;
