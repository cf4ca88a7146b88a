//! Contacts, leads, activities, scoring and CRM sync.
//!
//! Rules a newcomer would break: a score is the sum of signals and nothing else writes it; a tag set by hand stays; contacts are
//! never merged by themselves; nothing is called with a transaction open.

mod activities;
pub mod arrivals;
pub mod contacts;
mod core;
mod crm;
mod desk;
mod pages;
pub mod privacy;
pub mod scoring;
pub mod tasks;
mod web;

use std::sync::Arc;

use kernel::ids::OrgId;
use kernel::ledger::{Actor, Follower};
use kernel::queue::Handlers;
use shell::AppError;

pub use crate::core::Core;
pub use desk::{LeadStats, count as stats};
pub use web::room;

/// The room's background work.
pub fn handlers(core: &Core, handlers: &mut Handlers) {
    handlers.add_batch(Arc::new(crm::CrmSync::new(core.clone())));
    handlers.add(Arc::new(crm::CrmForget::new(core.clone())));
}

/// Connects a HubSpot account by a private app's token and has every open lead written to it.
pub async fn connect_hubspot(core: &Core, org: OrgId, actor: Actor, token: &str) -> Result<(), AppError> {
    let given = crm::ConnectIn { access_token: Some(token.to_owned()), ..crm::ConnectIn::default() };
    crm::connect(core, org, actor, kernel::db::Caller::default(), given).await.map(drop)
}

/// The views the room keeps from the ledger: scores, and what the CRM is to be told.
pub fn followers(_core: &Core) -> Vec<Arc<dyn Follower>> {
    vec![Arc::new(scoring::Scorer), Arc::new(crm::CrmFollower)]
}
