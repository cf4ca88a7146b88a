//! Contacts, leads, activities, scoring and CRM sync.
//!
//! Rules a newcomer would break: a score is the sum of signals and nothing else writes it; a tag set by hand stays; contacts are
//! never merged by themselves.

pub mod contacts;
pub mod scoring;
