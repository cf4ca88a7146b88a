//! What answering everybody would be worth: the formula, its page, its part of audits' results, and its part of the API.
//!
//! Rules: the formula is open and the same on the server and in the browser; every figure says where it comes from; nothing of what
//! somebody tries out is kept.

mod api;
mod given;
mod hours;
pub(crate) mod inputs;
pub(crate) mod model;
mod page;
mod routine;
mod view;

use axum::Router;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;

use crate::core::Core;

pub(crate) use given::Given;
pub(crate) use view::{ForecastView, listed, money, months, percentage, said};

/// The calculator's part of the API.
pub(crate) fn api(core: &Core) -> OpenApiRouter<Core> {
    api::router(core)
}

/// The calculator's page.
pub(crate) fn routes() -> Router<Core> {
    Router::new().route("/roi", get(page::show))
}
