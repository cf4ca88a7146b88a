//! `/admin/audit`: the questions of the maturity audit, what their answers say, weights, benchmarks, recommendations.
//!
//! Rules a newcomer would break: a published version never changes, a change makes a draft of the next; a draft may be wrong, and says
//! with what; what is published passed every check; a form changes only the fields it shows, so that two people can work on one draft.

mod api;
mod apply;
mod change;
mod differ;
mod fields;
mod show;
mod store;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Back;

/// A question with many choices, escaped as forms do.
const LARGEST_FORM: usize = 1 << 20;

/// The API about the audit.
pub(super) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new()
        .routes(routes!(api::show))
        .routes(routes!(api::keep, api::discard))
        .routes(routes!(api::publish_draft))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}

/// The desk's pages about the audit.
pub(super) fn pages() -> Router<Back> {
    Router::new()
        .route("/admin/audit", get(show::page))
        .route("/admin/audit/edit", get(show::edit).post(change::save))
        .route("/admin/audit/list", post(change::list))
        .route("/admin/audit/draft", post(change::begin))
        .route("/admin/audit/discard", post(change::discard))
        .route("/admin/audit/preview", post(change::preview))
        .route("/admin/audit/publish", post(change::publish_draft))
        .route("/admin/audit/versions/{version}", get(show::version))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}
