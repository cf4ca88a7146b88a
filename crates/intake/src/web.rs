//! What the room plugs into the web frame.

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::post;
use shell::{App, Room};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::connections::{api as connections, consent};
use crate::core::Core;
use crate::files::api as files;
use crate::runs::{api as runs, trigger};
use crate::{notices, pages, webhook};

/// What the room's handlers can reach.
#[derive(Clone, FromRef)]
pub(crate) struct Desk {
    app: App,
    core: Core,
}

impl Desk {
    /// The room's parts.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }
}

/// The room.
pub fn room(core: &Core, app: &App) -> Room {
    let desk = Desk { app: app.clone(), core: core.clone() };
    Room {
        api: api().with_state(desk.clone()),
        webhooks: Router::new()
            .route("/webhooks/intake/{token}", post(webhook::receive))
            .route("/webhooks/sources/google_business", post(notices::push::receive))
            .route("/webhooks/sources/{kind}/{token}", post(notices::receive))
            .route("/webhooks/sources/callrail/{token}/{event}", post(notices::receive_event))
            .with_state(desk.clone()),
        pages: pages::routes().with_state(desk),
        nav: vec![pages::nav()],
        ..Room::default()
    }
}

fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(trigger::trigger_ingestion))
        .routes(routes!(runs::list_runs))
        .routes(routes!(runs::run_status))
        .routes(routes!(runs::run_errors))
        .routes(routes!(runs::pause_run))
        .routes(routes!(runs::resume_run))
        .routes(routes!(runs::cancel_run))
        .routes(routes!(runs::forget_cache))
        // The file goes to the disk as it comes; its own limit is in `files::upload`.
        .routes(routes!(files::upload_csv).layer(DefaultBodyLimit::disable()))
        .routes(routes!(files::show_csv))
        .routes(routes!(files::start_csv))
        .routes(routes!(connections::list_connections, connections::create_source_connection))
        .routes(routes!(
            connections::show_source_connection,
            connections::change_source_connection,
            connections::delete_source_connection
        ))
        .routes(routes!(connections::check_source_connection))
        .routes(routes!(connections::discover_streams))
        .routes(routes!(connections::refused_bodies))
        .routes(routes!(consent::connect_by_consent_page))
}
