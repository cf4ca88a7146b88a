//! The command centre, and the roll-ups of the ledger it is made from.
//!
//! Rules a newcomer would break: this room reads the ledger and its own tables, never another room's; every event is counted
//! once, because the roll-ups commit with the follower's cursor; a figure nobody can explain is not shown.

mod centre;
mod people;
pub mod privacy;
mod rollup;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use shell::{App, NavItem, Room};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use people::People;
pub use rollup::Rollup;

/// What the handlers can reach.
#[derive(Clone, FromRef)]
struct Revenue {
    app: App,
    people: Arc<dyn People>,
}

/// The room. `people` names contacts.
pub fn room(app: &App, people: Arc<dyn People>) -> Room {
    let state = Revenue { app: app.clone(), people };
    Room {
        api: OpenApiRouter::new().routes(routes!(centre::api::show_command_centre)).with_state(state.clone()),
        pages: Router::new()
            .route("/", get(centre::page::show_page))
            .route("/command-centre/live", get(centre::page::show_live))
            .route("/command-centre/feed", get(centre::page::show_feed))
            .with_state(state),
        nav: vec![NavItem::main(1, "Command centre", "/", "gauge").keys("g c")],
        ..Room::default()
    }
}
