//! The blog: what was published, by category, tag and author, as pages and as a feed.
//!
//! Rules a newcomer would break: a page of the blog shows published rows only, and what shows a draft is the preview link; a list is
//! the same for everybody and comes from the cache; a post that is due is published by the clock, never by a visit.

pub(crate) mod authors;
mod due;
mod feed;
mod listing;
mod post;
mod store;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use axum::routing::get;
use kernel::schedule::Reconciler;
use shell::AppError;

use crate::content::images;
use crate::core::Core;
use crate::pages::moved_or_missing;
use crate::visit::Visit;

pub(crate) use words::{day, zone};

/// The media type of its pages.
const HTML: &str = "text/html; charset=utf-8";

/// The public pages of the blog, and pictures.
pub(crate) fn routes() -> Router<Core> {
    Router::new()
        .route("/blog", get(listing::home))
        .route("/blog/category/{category}", get(listing::category))
        .route("/blog/tag/{tag}", get(listing::tag))
        .route("/blog/author/{slug}", get(listing::author))
        .route("/blog/{slug}", get(post::show))
        .route("/feed.xml", get(feed::show))
        .merge(images::routes())
}

/// What is done by the clock: what is due is published.
pub(crate) fn reconcilers(core: &Core) -> Vec<Arc<dyn Reconciler>> {
    vec![Arc::new(due::Due(core.clone()))]
}

/// Whether the site has a blog; one that is off is not there.
fn on(visit: &Visit) -> Result<(), AppError> {
    if visit.site.flags.blog { Ok(()) } else { Err(AppError::not_found("page")) }
}

/// What is not there may have moved, as everything on the site may.
async fn or_moved(core: &Core, visit: &Visit, answer: Result<Response, AppError>) -> Result<Response, AppError> {
    match answer {
        Err(AppError::NotFound(_)) => moved_or_missing(visit.clone(), State(core.clone()), Method::GET).await,
        other => other,
    }
}
