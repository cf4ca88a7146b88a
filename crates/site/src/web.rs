//! What the room plugs into the web frame: its desk and its part of the API, and apart from them the public pages.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use shell::{App, Room};
use utoipa_axum::router::OpenApiRouter;

use crate::core::Core;
use crate::ports::Measured;
use crate::{admin, assistant, audit, blog, booking, inquiries, pages, roi};

/// What the desk's handlers can reach.
#[derive(Clone, FromRef)]
pub(crate) struct Back {
    app: App,
    core: Core,
    measured: Arc<dyn Measured>,
}

/// The room: the desk, which members use, and the site's part of the API, so that it is described with the rest; where a site answers
/// it is [`public`] that serves it. `measured` knows what an organisation measures of itself.
pub fn room(core: &Core, app: &App, measured: Arc<dyn Measured>) -> Room {
    let back = Back { app: app.clone(), core: core.clone(), measured };
    let desk = admin::api().merge(audit::connected::api());
    Room {
        api: calls(core).with_state(core.clone()).merge(desk.with_state(back.clone())),
        pages: admin::pages().merge(audit::connected::pages()).with_state(back),
        nav: vec![admin::nav()],
        ..Room::default()
    }
}

/// What visitors' browsers and published forms call.
fn calls(core: &Core) -> OpenApiRouter<Core> {
    audit::api(core).merge(roi::api(core)).merge(inquiries::api(core)).merge(assistant::api())
}

/// The public pages of every site and what they call, for [`crate::front()`].
pub fn public(core: &Core, app: &App) -> Router {
    let (calls, _) = calls(core).split_for_parts();
    let router = pages::routes()
        .merge(audit::routes())
        .merge(roi::routes())
        .merge(inquiries::routes())
        .merge(booking::routes())
        .merge(blog::routes())
        .merge(assistant::routes())
        .fallback(pages::moved_or_missing)
        .layer(from_fn_with_state(core.clone(), pages::in_own_frame))
        .merge(calls)
        .with_state(core.clone());
    shell::public(app, router)
}
