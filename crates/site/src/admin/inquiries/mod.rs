//! `/admin/inquiries`: what visitors asked, who sees to it, and what was kept aside as spam.
//!
//! Rules a newcomer would break: what somebody wrote is opened only for members who may reply; spam is never removed by hand, it can be
//! taken back, with what follows from it; the link to somebody's result stays theirs, so the desk reads the result here.

mod api;
mod change;
mod list;
mod show;
pub(super) mod store;

use axum::Router;
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Back;

/// The desk's pages about inquiries.
pub(super) fn pages() -> Router<Back> {
    Router::new()
        .route("/admin/inquiries", get(list::page))
        .route("/admin/inquiries/{id}", get(show::page).post(change::save))
        .route("/admin/inquiries/{id}/notes", post(change::note))
        .route("/admin/inquiries/{id}/not-spam", post(change::not_spam))
}

/// The API about inquiries.
pub(super) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new().routes(routes!(api::list)).routes(routes!(api::change))
}

/// A state of an inquiry: its word, its name, the tone of its badge.
const STATES: [(&str, &str, &str); 6] = [
    ("new", "new", "accent"),
    ("open", "in work", "wait"),
    ("answered", "answered", "won"),
    ("closed", "closed", ""),
    ("unconfirmed", "not confirmed", ""),
    ("spam", "spam", "risk"),
];

/// The name of a state, and the tone of its badge.
fn badge(state: &str) -> (&'static str, &'static str) {
    STATES.iter().find(|(word, ..)| *word == state).map_or(("", ""), |(_, name, tone)| (*name, *tone))
}
