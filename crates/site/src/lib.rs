//! Public sites: one an organisation, served to strangers.
//!
//! Rules a newcomer would break: a visitor's request works with [`kernel::db::Db::begin_site`], whose role sees what is published and
//! nothing of the organisation; what follows from it (contacts, leads, tasks, letters) is a job; a page that is the same for
//! everybody comes from the cache; no cookie is set before somebody agrees; nothing that a form gave us is lost, spam included.

mod admin;
mod assistant;
mod audit;
mod blog;
mod booking;
mod cache;
mod content;
mod core;
mod cors;
mod front;
mod hosts;
mod inquiries;
mod once;
mod pages;
pub mod ports;
pub mod privacy;
mod roi;
mod sites;
mod tally;
mod visit;
mod web;

use std::sync::Arc;

use kernel::queue::Handlers;
use kernel::schedule::Reconciler;

pub use crate::core::Core;
pub use assistant::answer;
pub use front::front;
pub use web::{public, room};

/// The room's background work.
pub fn handlers(core: &Core, handlers: &mut Handlers) {
    inquiries::handlers(core, handlers);
    audit::handlers(core, handlers);
    assistant::handlers(core, handlers);
}

/// What is done by the clock: posts that are due, days that are over, follow-ups.
pub fn reconcilers(core: &Core) -> Vec<Arc<dyn Reconciler>> {
    let mut all = tally::reconcilers(core);
    all.extend(blog::reconcilers(core));
    all.extend(inquiries::reconcilers(core));
    all
}
