//! What the room plugs into the web frame.

use axum::Router;
use axum::extract::FromRef;
use axum::routing::post;
use shell::{App, NavItem, Room};

use crate::core::Core;
use crate::{crm, pages};

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
        api: crate::desk::api()
            .merge(crate::activities::api())
            .merge(crate::contacts::api())
            .merge(crate::tasks::api())
            .merge(crm::api())
            .with_state(desk.clone()),
        outside: Router::new(),
        webhooks: Router::new().route("/webhooks/hubspot", post(crm::receive)).with_state(desk.clone()),
        pages: pages::routes().merge(crate::tasks::pages()).with_state(desk),
        nav: vec![pages::nav(), NavItem::main(5, "Tasks", "/tasks", "list-checks").keys("g t")],
        settings: vec![pages::settings()],
        searches: vec![pages::SEARCH],
    }
}
