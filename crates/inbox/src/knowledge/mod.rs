//! `/v2/knowledge`: what answers may be based on, and what the bot would say to a question.
//!
//! The documents themselves, their reading and the search belong to `ai::knowledge`; here is who may do what with them.
//! After every change the bot's memory of the organisation is dropped, so that the next question sees it.

mod ask;
mod create;
mod documents;
mod remove;
mod upload;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::web::Desk;

pub(crate) use ask::{Asked, ask};
pub(crate) use create::{DocumentIn, FaqIn, add};
pub(crate) use remove::remove;
pub(crate) use upload::Upload;

/// The largest upload: the largest file that is read, and the form around it.
pub(crate) const LARGEST_UPLOAD: usize = ::documents::MAX_FILE + 64 * 1024;

/// The routes.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(
            routes!(documents::list_documents, create::create_document).layer(DefaultBodyLimit::max(LARGEST_UPLOAD)),
        )
        .routes(routes!(documents::show_document, remove::delete_document))
        .routes(routes!(ask::test_question))
}
