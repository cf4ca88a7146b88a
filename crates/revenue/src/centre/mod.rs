//! The command centre: what happened, what it costs, what to do, who waits, how warm the leads are, how fast answers come.

pub(crate) mod actions;
pub(crate) mod api;
mod figures;
pub(crate) mod look;
pub(crate) mod money;
pub(crate) mod page;
mod store;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use figures::{Figures, Waits, channel_name, spoken};

use crate::Revenue;

/// The routes of the page and its parts.
pub(crate) fn routes() -> Router<Revenue> {
    Router::new()
        .route("/", get(page::show_page))
        .route("/command-centre/said", get(page::show_said))
        .route("/command-centre/live", get(page::show_live))
        .route("/command-centre/feed", get(page::show_feed))
        .route("/command-centre/scores", get(money::show_panel))
        .route("/command-centre/actions", get(actions::show_list))
        .route("/command-centre/plays/{key}", post(actions::approve_play).delete(actions::take_back_play))
        .route("/command-centre/tasks/{key}", post(actions::approve_task).delete(actions::take_back_task))
}
