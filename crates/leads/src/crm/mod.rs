//! CRM sync, to HubSpot.
//!
//! Rules a newcomer would break: never find-then-create, the index of a CRM is seconds behind: contacts and deals are upserted by
//! a unique property of our own, so that a lost answer cannot make a double; what has not changed since the last write (by its
//! hash) is not written; between us and the CRM the newer change of a lead status wins, and our own write coming back is no change.

mod connect;
mod connection;
mod follower;
mod forget;
mod mapping;
mod outcome;
mod plan;
mod push;
mod status;
mod sync;
mod webhook;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Desk;

pub use follower::CrmFollower;
pub use forget::CrmForget;
pub use sync::CrmSync;

pub(crate) use connect::{ConnectIn, connect, disconnect};
pub(crate) use connection::find as find_connection;
pub(crate) use forget::{erasure_place, forget, forgotten};
pub(crate) use mapping::Choice;
pub(crate) use status::{LinkOut, SyncStatus, force, link_of, status_of};
pub(crate) use webhook::receive;

/// The CRM's name in rows and facts.
pub(crate) const SYSTEM: &str = "hubspot";

/// The routes under `/v2/crm`.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(connect::show_connection, connect::put_connection, connect::delete_connection))
        .routes(routes!(status::sync_status))
        .routes(routes!(status::force_sync))
}
