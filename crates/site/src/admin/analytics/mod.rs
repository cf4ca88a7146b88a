//! `/admin/analytics`: visits by day, pages, sources, devices, and how far visitors come in the audit.
//!
//! A visitor is one browser on one day: nobody is recognised the day after, so days add up to visits and never to people.

mod api;
pub(super) mod figures;
mod page;

use axum::Router;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Back;

/// The desk's pages about visits.
pub(super) fn pages() -> Router<Back> {
    Router::new().route("/admin/analytics", get(page::page)).route("/admin/analytics/file", get(page::file))
}

/// The API about visits.
pub(super) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new().routes(routes!(api::show))
}
