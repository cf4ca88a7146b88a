//! Consultations: free times as pages, a booking with its letter, moving and cancelling by link.
//!
//! Rules a newcomer would break: a time is free when its quarters of an hour are, and the table of quarters decides, not the page;
//! times are instants, and only their showing knows time zones.

pub(crate) mod calendar;
mod choose;
mod manage;
pub(crate) mod slots;
pub(crate) mod store;

use axum::Router;
use axum::routing::{get, post};

use crate::core::Core;

/// The pages of bookings.
pub(crate) fn routes() -> Router<Core> {
    Router::new()
        .route("/book", get(choose::page).post(choose::book))
        .route("/book/{token}", get(manage::page))
        .route("/book/{token}/move", get(manage::other_times).post(manage::move_to))
        .route("/book/{token}/cancel", post(manage::cancel))
        .route("/book/{token}/calendar.ics", get(manage::calendar))
}
