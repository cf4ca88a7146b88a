//! What the room plugs into the web frame.

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use shell::auth::Permission;
use shell::{App, NavItem, Room};

use crate::core::Core;
use crate::{analysis, api, pages};

/// What the room's handlers can reach.
#[derive(Clone, FromRef)]
pub(crate) struct Desk {
    app: App,
    core: Core,
}

/// The room.
pub fn room(core: &Core, app: &App) -> Room {
    let desk = Desk { app: app.clone(), core: core.clone() };
    Room {
        api: api::routes().merge(analysis::routes()).with_state(desk.clone()),
        pages: Router::new()
            .route("/advisor", get(pages::new))
            .route("/advisor/ask", post(pages::ask))
            .route("/advisor/tasks", post(pages::make_task))
            .route("/advisor/{thread}", get(pages::thread))
            .route("/advisor/{thread}/forget", post(pages::forget))
            .with_state(desk),
        nav: vec![NavItem::main(6, "Advisor", "/advisor", "sparkles").only(Permission::RunReports).keys("g v")],
        ..Room::default()
    }
}
