//! The site's assistant: the assessment as a conversation, answers from what the site says, and the way to a person.
//!
//! Rules a newcomer would break: what the next word is decides [`engine`], which is pure and needs no model; a model only words an
//! answer to a free question, from passages of the site; nothing of a chat is kept before its visitor agreed; once people were asked
//! the assistant is silent; the inbox and the leads are told by a job, never by the request.

mod answers;
mod api;
mod engine;
mod hand_over;
mod model;
mod mouth;
mod pages;
mod passages;
mod speak;
mod store;
mod stream;

use std::sync::Arc;

use axum::Router;
use kernel::queue::Handlers;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use answers::answer;

use crate::core::Core;

/// What the widget calls.
pub(crate) fn api() -> OpenApiRouter<Core> {
    OpenApiRouter::new()
        .routes(routes!(api::begin_chat, api::show_chat))
        .routes(routes!(api::say))
        .routes(routes!(api::ask_for_person))
        .routes(routes!(stream::listen))
}

/// What the widget is made of.
pub(crate) fn routes() -> Router<Core> {
    pages::routes()
}

/// What follows from a chat.
pub(crate) fn handlers(core: &Core, handlers: &mut Handlers) {
    handlers.add(Arc::new(hand_over::HandOver::new(core.clone())));
}
