//! A result that an organisation took over, held against what it measures: what is measured counts instead of what was said.
//!
//! Rules a newcomer would break: the address of a result is its key, whichever site it is on, and that site learns nothing of it; what
//! is kept is a copy of the answers and of the questions, in the organisation that took it over; what follows from them is computed
//! when somebody looks, so that nothing that is shown is old.

mod api;
mod compare;
mod page;
mod store;
mod take;

use axum::Router;
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Back;

const HERE: &str = "/maturity";

/// The pages: a result beside what is measured, and the form that takes one over.
pub(crate) fn pages() -> Router<Back> {
    Router::new().route(HERE, get(page::show_it).post(page::take_over)).route("/maturity/remove", post(page::remove))
}

/// The same for programs.
pub(crate) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new().routes(routes!(api::show_maturity, api::take_maturity, api::remove_maturity))
}
