//! Privacy: a contact's export and erasure, legal holds, consent, and how long each kind is kept.
//!
//! The rooms keep the data and answer through [`kernel::privacy::Holder`]; this module runs the requests. Rules a newcomer would
//! break: a request is a row before anything happens; nothing of a person is written into a request, a certificate or the audit
//! log but our own ids; what is hidden is seen only by a transaction that says so.

mod certificate;
mod consents;
mod erasures;
mod exports;
mod file;
mod follower;
mod holds;
mod own;
mod page;
mod reconcile;
mod retention;
mod run;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use kernel::ledger::Follower;
use kernel::queue::Handlers;
use kernel::schedule::Reconciler;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use certificate::{Signed, verify};
pub use consents::{latest as latest_consents, record_marketing};
pub use own::Requests;
pub use run::{Erased, erase_now, erase_requested, request};

use crate::{Desk, Identity};

/// The routes under `/v2/privacy`.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(exports::list, exports::post))
        .routes(routes!(exports::get))
        .routes(routes!(exports::download))
        .routes(routes!(erasures::list, erasures::post))
        .routes(routes!(erasures::get, erasures::delete))
        .routes(routes!(erasures::certificate))
        .routes(routes!(retention::get, retention::put))
        .routes(routes!(holds::list, holds::post))
        .routes(routes!(holds::delete))
        .routes(routes!(consents::list, consents::post))
}

/// The pages.
pub(crate) fn pages() -> Router<Desk> {
    Router::new()
        .route("/settings/privacy", get(page::get))
        .route("/settings/privacy/retention", post(page::keep))
        .route("/settings/privacy/exports", post(page::export))
        .route("/settings/privacy/erasures", post(page::erase))
        .route("/settings/privacy/erasures/{id}/undo", post(page::undo))
        .route("/settings/privacy/holds", post(page::hold))
        .route("/settings/privacy/holds/{id}/release", post(page::release))
        .route("/privacy/contacts/{id}", get(page::card))
}

/// The background work of the requests.
pub fn handlers(identity: &Identity, handlers: &mut Handlers) {
    handlers.add(Arc::new(file::MakeExport::new(identity.clone())));
}

/// What is done by the clock: erasures that are due, certificates, ended links, retention.
pub fn reconcilers(identity: &Identity) -> Vec<Arc<dyn Reconciler>> {
    vec![Arc::new(reconcile::Erasures(identity.clone())), Arc::new(reconcile::Retention(identity.clone()))]
}

/// The views kept from the ledger.
pub fn followers() -> Vec<Arc<dyn Follower>> {
    vec![Arc::new(follower::ConsentRecords)]
}
