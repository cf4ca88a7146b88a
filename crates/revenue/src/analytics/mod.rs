//! Analytics: the same days seen six ways, compared with the days before, each figure with its rows.
//!
//! Rules a newcomer would break: a view is data first (module `views`), and page, API and file show the same; a share of nothing is
//! no value; what an outside source did not tell (who answered, in which language) is of the inbox alone, and says so.

pub(crate) mod api;
mod follower;
mod inbox;
pub(crate) mod page;
mod period;
mod rebuild;
mod store;
pub(crate) mod told;
pub(crate) mod views;

use axum::Router;
use axum::routing::get;

use crate::Revenue;

pub use follower::DeskSums;
pub use rebuild::rebuild;

/// The routes of the pages.
pub(crate) fn routes() -> Router<Revenue> {
    Router::new()
        .route("/analytics", get(page::first))
        .route("/analytics/{view}", get(page::page))
        .route("/analytics/{view}/table.csv", get(page::csv))
}
