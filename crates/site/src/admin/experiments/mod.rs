//! `/admin/experiments`: two or more wordings of a page compared.
//!
//! Rules a newcomer would break: how many visitors are needed is settled before it starts; until then nothing is said about who is
//! ahead; what is compared does not change while it runs; one page has one experiment at a time.

mod api;
mod change;
mod form;
mod judge;
mod pages;
mod shares;
mod show;
mod store;

use axum::Router;
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Back;

/// The API about experiments.
pub(super) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new().routes(routes!(api::list, api::create)).routes(routes!(api::run, api::end))
}

/// The desk's pages about experiments.
pub(super) fn pages() -> Router<Back> {
    Router::new()
        .route("/admin/experiments", get(show::list).post(change::create))
        .route("/admin/experiments/new", get(show::new))
        .route("/admin/experiments/{id}", get(show::page).post(change::save))
        .route("/admin/experiments/{id}/start", post(change::start))
        .route("/admin/experiments/{id}/stop", post(change::stop))
        .route("/admin/experiments/{id}/remove", post(change::remove))
}
