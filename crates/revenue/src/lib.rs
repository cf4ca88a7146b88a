//! Signals of a business, the journeys and scores that are made of them, and the command centre.
//!
//! Rules a newcomer would break: this room reads the ledger and its own tables, never another room's; every event is counted
//! once, because the roll-ups commit with the follower's cursor; a figure nobody can explain is not shown.

mod analytics;
pub mod anomalies;
pub mod brief;
mod centre;
pub mod journeys;
pub(crate) mod locations;
pub mod measured;
pub mod metrics;
mod native;
mod pages;
mod people;
pub mod plays;
pub mod privacy;
pub mod read;
mod rollup;
pub mod scores;
pub mod settings;
pub mod signals;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use kernel::Kernel;
use kernel::ledger::Follower;
use kernel::queue::Handlers;
use kernel::schedule::Reconciler;
use shell::{App, NavItem, Permission, Room};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

pub use analytics::{DeskSums, rebuild as rebuild_desk_sums};
pub use native::Native;
pub use pages::tabs;
pub use people::{NewTask, People};
pub use rollup::Rollup;

/// What the handlers can reach.
#[derive(Clone, FromRef)]
struct Revenue {
    app: App,
    people: Arc<dyn People>,
}

/// The views that the room keeps from the ledger. `people` knows the addresses of contacts.
pub fn followers(kernel: &Kernel, people: Arc<dyn People>) -> Vec<Arc<dyn Follower>> {
    vec![
        Arc::new(Rollup),
        Arc::new(DeskSums),
        Arc::new(Native::new(kernel, people)),
        Arc::new(journeys::Journeys),
        Arc::new(scores::Refresher),
    ]
}

/// The room's background work.
pub fn handlers(kernel: &Kernel, handlers: &mut Handlers) {
    handlers.add(Arc::new(journeys::FoldJob::new(kernel)));
    handlers.add(Arc::new(journeys::RebuildJob::new(kernel)));
    handlers.add(Arc::new(scores::HistoryJob::new(kernel)));
    handlers.add(Arc::new(anomalies::Deliver::new(kernel.clone())));
}

/// What the room does by the clock.
pub fn reconcilers(kernel: &Kernel) -> Vec<Arc<dyn Reconciler>> {
    vec![
        Arc::new(scores::ScoreClock::new(kernel)),
        Arc::new(scores::BenchmarkClock::new(kernel)),
        Arc::new(anomalies::Watch::new(kernel.clone())),
        Arc::new(plays::Outcomes::new(kernel.clone())),
    ]
}

/// What the room does to people, through whoever writes to them: jobs that act, and the enrolment by the clock.
pub fn outreach(
    kernel: &Kernel,
    outreach: Arc<dyn plays::Outreach>,
    handlers: Option<&mut Handlers>,
) -> Arc<dyn Reconciler> {
    if let Some(handlers) = handlers {
        handlers.add(Arc::new(plays::Act::new(kernel.clone(), Arc::clone(&outreach))));
    }
    Arc::new(plays::Enrol::new(kernel.clone(), outreach))
}

/// The room. `people` names contacts.
pub fn room(app: &App, people: Arc<dyn People>) -> Room {
    let state = Revenue { app: app.clone(), people };
    Room {
        api: OpenApiRouter::new()
            .routes(routes!(centre::api::show_command_centre))
            .routes(routes!(analytics::api::show_analytics))
            .routes(
                routes!(signals::api::list_signals, signals::api::tell_signals)
                    .layer(DefaultBodyLimit::max(signals::api::LARGEST_BODY)),
            )
            .merge(scores::api::api())
            .merge(locations::api())
            .merge(anomalies::api())
            .merge(plays::api())
            .with_state(state.clone()),
        pages: Router::new()
            .merge(centre::routes())
            .merge(pages::routes())
            .merge(analytics::routes())
            .merge(anomalies::pages())
            .merge(plays::pages())
            .with_state(state),
        nav: vec![
            NavItem::main(1, "Command centre", "/", "gauge").keys("g c"),
            NavItem::main(5, "Revenue", "/revenue", "circle-dollar-sign").keys("g v"),
        ],
        settings: vec![NavItem::main(42, "Scores", "/settings/scores", "gauge").only(Permission::ManageChannels)],
        ..Room::default()
    }
}
