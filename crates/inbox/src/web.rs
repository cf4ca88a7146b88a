//! What the inbox plugs into the web frame.

use axum::extract::FromRef;
use shell::{App, Room};

use crate::core::Core;
use crate::receiving::{self, Receiver};

/// What the inbox's handlers can reach.
#[derive(Clone, FromRef)]
pub(crate) struct Desk {
    app: App,
    core: Core,
}

/// The room.
pub fn room(core: &Core, app: &App) -> Room {
    let receiver = Receiver::start(core.kernel.clone(), core.routes.clone());
    let desk = Desk { app: app.clone(), core: core.clone() };
    Room { webhooks: receiving::router(receiver), api: crate::channels::api().merge(crate::conversations::api()).merge(crate::settings::api()).with_state(desk), ..Room::default() }
}
