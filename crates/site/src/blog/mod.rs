//! The blog: what was published, by category, tag and author, as pages and as a feed.
//!
//! Rules a newcomer would break: a page of the blog shows published rows only, and what shows a draft is the preview link; a list is
//! the same for everybody and comes from the cache; a post that is due is published by the clock, never by a visit.

mod due;
mod feed;
mod listing;
mod pages;
mod post;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use kernel::schedule::Reconciler;

use crate::content::images;
use crate::core::Core;

/// The public pages of the blog, and pictures.
pub(crate) fn routes() -> Router<Core> {
    Router::new()
        .route("/blog", get(pages::home))
        .route("/blog/category/{category}", get(pages::category))
        .route("/blog/tag/{tag}", get(pages::tag))
        .route("/blog/author/{slug}", get(pages::author))
        .route("/blog/{slug}", get(pages::post))
        .route("/feed.xml", get(feed::show))
        .merge(images::routes())
}

/// What is done by the clock: posts that are due.
pub(crate) fn reconcilers(core: &Core) -> Vec<Arc<dyn Reconciler>> {
    vec![Arc::new(due::Due::new(core))]
}
