//! The few needs that cross organisations, each a named function on the narrow role `recoup_system`.
//!
//! This folder is the whole list: a reviewer who reads it has seen every query that is not confined by an organisation.
//! Add a function here only when no organisation can be known beforehand (sign-in, routing, the operator's totals).

mod organisations;
mod totals;

pub use organisations::{create_organisation, list_organisations, organisation_exists};
pub use totals::{count, counters};
