//! Contacts, leads, activities, scoring and CRM sync.
//!
//! Rules a newcomer would break: a score is the sum of signals and nothing else writes it; a tag set by hand stays; contacts are
//! never merged by themselves; nothing is called with a transaction open.

mod activities;
pub mod contacts;
mod core;
mod desk;
pub mod scoring;
mod web;

pub use crate::core::Core;
pub use web::room;
