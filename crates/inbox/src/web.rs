//! What the inbox plugs into the web frame.

use axum::extract::FromRef;
use shell::{App, NavItem, Permission, Room, Search};

use crate::core::Core;
use crate::receiving::{self, Receiver};

/// What the inbox's handlers can reach.
#[derive(Clone, FromRef)]
pub(crate) struct Desk {
    app: App,
    core: Core,
}

impl Desk {
    /// The inbox's parts.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }
}

/// The room.
pub fn room(core: &Core, app: &App) -> Room {
    let receiver = Receiver::start(core.kernel.clone(), core.routes.clone());
    let desk = Desk { app: app.clone(), core: core.clone() };
    let api = crate::channels::api()
        .merge(crate::conversations::api())
        .merge(crate::settings::api())
        .merge(crate::knowledge::api());
    Room {
        outside: axum::Router::new(),
        webhooks: receiving::router(receiver),
        api: api.with_state(desk.clone()),
        pages: crate::pages::router().merge(crate::channels::oauth::pages()).with_state(desk),
        nav: vec![
            NavItem::main(2, "Inbox", "/inbox", "inbox").keys("g i").count("/inbox/count"),
            NavItem::below(1, "Agents", "/agents", "bot").keys("g a").only(Permission::ManageChannels),
            NavItem::below(2, "Knowledge", "/knowledge", "book-open").keys("g k"),
        ],
        settings: vec![
            NavItem::main(2, "Channels", "/settings/channels", "plug").only(Permission::ManageChannels),
            NavItem::main(45, "Webhooks", "/settings/webhooks", "link").only(Permission::ManageChannels),
        ],
        searches: vec![Search { label: "Search conversations", href: "/inbox?view=all&q=" }],
    }
}
