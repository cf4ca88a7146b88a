//! The operator's view: queues, dead letters, providers and breakers, workers, health and metrics.
//!
//! Rules a newcomer would break: what a signed-in caller sees of jobs is their own organisation's alone; what belongs to the
//! whole installation (workers, breakers, counters) holds no tenant's data. Health and metrics are open, so they hold only
//! numbers and the names of lanes and counters.

mod dead_letters;
mod health;
mod house_keeping;
mod metrics;
mod page;
mod queues;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use kernel::Kernel;
use kernel::schedule::Reconciler;
use shell::{App, NavItem, Permission, Room};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the handlers can reach.
#[derive(Clone, FromRef)]
struct Operations {
    app: App,
}

/// The room.
pub fn room(app: &App) -> Room {
    let state = Operations { app: app.clone() };
    Room {
        api: OpenApiRouter::new()
            .routes(routes!(queues::list_queues))
            .routes(routes!(dead_letters::list_dead_letters))
            .routes(routes!(dead_letters::retry_dead_letter))
            .with_state(state.clone()),
        pages: Router::new()
            .route("/operations", get(page::show_page))
            .route("/operations/live", get(page::show_live))
            .route("/operations/dead-letters/{id}/retry", post(page::retry))
            .with_state(state.clone()),
        webhooks: Router::new()
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .route("/metrics", get(metrics::show))
            .with_state(state),
        nav: vec![
            NavItem::below(8, "Operations", "/operations", "activity").only(Permission::ManageChannels).keys("g o"),
        ],
        ..Room::default()
    }
}

/// What is done by the clock.
pub fn reconcilers(kernel: &Kernel) -> Vec<Arc<dyn Reconciler>> {
    vec![Arc::new(house_keeping::DeadLetters(kernel.clone())), Arc::new(house_keeping::EventMonths(kernel.clone()))]
}
