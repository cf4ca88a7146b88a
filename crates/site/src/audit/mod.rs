//! The maturity audit: at most twelve questions on four pages, saved as they are answered, and a result that stays as it was shown.
//!
//! Rules: what was answered and what came out never say who it was (that is an inquiry, sealed); a result keeps the version of the
//! questions it was made with; the link is the key, and whoever has it may read and go on.

pub(crate) mod answers;
mod api;
pub(crate) mod config;
pub(crate) mod connected;
mod facts;
pub(crate) mod model;
pub(crate) mod observed;
mod pages;
pub(crate) mod paper;
pub(crate) mod score;
pub(crate) mod store;
pub(crate) mod submit;
pub(crate) mod words;

use axum::Router;
use kernel::queue::Handlers;
use utoipa_axum::router::OpenApiRouter;

use crate::core::Core;

pub(crate) use model::Outcome;

/// The audit's part of the API.
pub(crate) fn api(core: &Core) -> OpenApiRouter<Core> {
    api::router(core)
}

/// The audit's pages.
pub(crate) fn routes() -> Router<Core> {
    pages::routes()
}

/// Its background work: recommendations in a model's words.
pub(crate) fn handlers(core: &Core, handlers: &mut Handlers) {
    words::handlers(core, handlers);
}
