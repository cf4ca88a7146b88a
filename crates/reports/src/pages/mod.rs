//! The pages of the room: the list, the briefing, a report, the builder, schedules; and the page of a shared report, which stands
//! outside the frame because whoever reads it has no account.

mod analytics;
mod briefing;
mod builder;
mod list;
mod schedule;
mod shared;
mod show;

use axum::Router;
use axum::routing::{get, post};
use shell::NavItem;

use crate::web::Desk;

/// The routes.
pub(crate) fn routes() -> Router<Desk> {
    Router::new()
        .route("/reports", get(list::page))
        .route("/reports/make", post(list::make))
        .route("/reports/briefing", get(briefing::page))
        .route("/reports/briefing/file", get(briefing::file))
        .route("/reports/new", get(builder::new))
        .route("/reports/preview", post(builder::preview))
        .route("/reports/saved", post(builder::create))
        .route("/reports/saved/{id}", get(builder::edit).post(builder::replace))
        .route("/reports/saved/{id}/remove", post(builder::remove))
        .route("/reports/schedules/new", get(schedule::new).post(schedule::create))
        .route("/reports/schedules/{id}", get(schedule::edit).post(schedule::replace))
        .route("/reports/schedules/{id}/remove", post(schedule::remove))
        .route("/reports/deliveries/{id}/retry", post(schedule::again))
        .route("/reports/analytics/{view}/file", get(analytics::file))
        .route("/reports/{id}", get(show::page))
        .route("/reports/{id}/file", get(show::file))
        .route("/reports/{id}/shares", post(show::share))
        .route("/reports/{id}/shares/{share}/revoke", post(show::revoke))
        .route("/shared/{token}", get(shared::page))
        .route("/shared/{token}/file", get(shared::file))
}

/// The entry of the rail.
pub(crate) fn nav() -> NavItem {
    NavItem::main(8, "Reports", "/reports", "file-text").keys("g r")
}
