//! What the room plugs into the web frame.

use axum::extract::FromRef;
use shell::{App, Room};

use crate::core::Core;

/// What the room's handlers can reach.
#[derive(Clone, FromRef)]
pub(crate) struct Desk {
    app: App,
    core: Core,
}

/// The room.
pub fn room(core: &Core, app: &App) -> Room {
    let _desk = Desk { app: app.clone(), core: core.clone() };
    Room::default()
}
