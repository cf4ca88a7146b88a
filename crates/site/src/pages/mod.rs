//! The pages of a site that are words: home, solutions, case studies, prices, about, privacy, terms. And what every page needs: its
//! frame, its errors, the ways of addresses that moved, the map for search engines.
//!
//! Rules a newcomer would break: a page of the database replaces the built-in one of its kind and slug; a page that is the same for
//! everybody comes from the cache, and a look at a draft never does; an error page asks the database for nothing.

mod errors;
mod facts;
mod files;
mod frame;
mod home;
mod moved;
mod shown;
mod studies;
mod theme;
mod words;

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use shell::AppError;

use crate::core::Core;
use crate::visit::Visit;

pub(crate) use errors::in_own_frame;
pub(crate) use facts::fill;
pub(crate) use frame::SiteFrame;
pub(crate) use moved::moved_or_missing;
pub(crate) use theme::{Swatch, swatches};

/// The site's own pages.
pub(crate) fn routes() -> Router<Core> {
    Router::new()
        .route("/", get(home::show))
        .route("/solutions", get(words::solutions))
        .route("/solutions/{industry}", get(words::solution))
        .route("/case-studies", get(studies::list))
        .route("/case-studies/{slug}", get(studies::show))
        .route("/pricing", get(words::pricing))
        .route("/about", get(words::about))
        .route("/privacy", get(words::privacy))
        .route("/terms", get(words::terms))
        .route("/sitemap.xml", get(files::sitemap))
        .route("/robots.txt", get(files::robots))
        .route("/favicon.ico", get(files::favicon))
        .route("/site/logo", get(files::logo))
}

/// A page as text, for [`crate::cache::Cache::answer`] or an answer of its own.
pub(crate) fn show_page(template: &impl askama::Template) -> Result<String, AppError> {
    Ok(template.render()?)
}

/// Answers a page of words in the wording that was drawn, and counts that it was seen; a look at a draft is no visit.
async fn answer<F>(core: &Core, visit: &Visit, page: (&str, u8), make: F) -> Result<Response, AppError>
where
    F: Future<Output = Result<String, AppError>>,
{
    if shown::is_draft(visit) {
        return Ok(Html(make.await?).into_response());
    }
    let answer = core.cache().answer(visit, page, "text/html; charset=utf-8", make).await?;
    // Pages that are there: strangers can invent addresses without end.
    core.tally().view(visit);
    Ok(answer)
}
