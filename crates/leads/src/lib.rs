//! Contacts, leads, activities, scoring and CRM sync.
//!
//! Rules a newcomer would break: a score is the sum of signals and nothing else writes it; a tag set by hand stays; contacts are
//! never merged by themselves; nothing is called with a transaction open.

mod activities;
pub mod contacts;
mod core;
mod crm;
mod desk;
mod pages;
pub mod scoring;
mod web;

use std::sync::Arc;

use kernel::ledger::Follower;
use kernel::queue::Handlers;

pub use crate::core::Core;
pub use web::room;

/// The room's background work.
pub fn handlers(core: &Core, handlers: &mut Handlers) {
    handlers.add_batch(Arc::new(crm::CrmSync::new(core.clone())));
}

/// The views the room keeps from the ledger: scores, and what the CRM is to be told.
pub fn followers(_core: &Core) -> Vec<Arc<dyn Follower>> {
    vec![Arc::new(scoring::Scorer), Arc::new(crm::CrmFollower)]
}
