//! What the room plugs into the web frame.

use axum::extract::FromRef;
use shell::{App, Room};

use crate::core::Core;
use crate::{api, pages};

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
        api: api::routes().with_state(desk.clone()),
        pages: pages::routes().with_state(desk),
        nav: vec![pages::nav()],
        ..Room::default()
    }
}
