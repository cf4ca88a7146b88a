//! The pages of the room: what is connected, files and how they are read, runs as they go.

mod act;
mod connect;
mod connection;
mod file;
mod home;
mod run;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use shell::{NavItem, Permission};

use crate::connections::consent;
use crate::web::Desk;

/// The routes.
pub(crate) fn routes() -> Router<Desk> {
    Router::new()
        .route("/ingestion", get(home::page))
        .route("/ingestion/runs-live", get(home::live))
        .route("/ingestion/connect/{kind}", get(connect::page).post(connect::save))
        .route("/ingestion/consent", get(consent::back))
        .route("/ingestion/connections/{id}", get(connection::page).post(connection::save))
        .route("/ingestion/connections/{id}/consent", get(consent::go))
        .route("/ingestion/connections/{id}/do", post(act::connection))
        .route("/ingestion/files", post(file::upload).layer(DefaultBodyLimit::disable()))
        .route("/ingestion/files/{id}", get(file::page).post(file::start))
        .route("/ingestion/files/{id}/try", post(file::attempt))
        .route("/ingestion/runs/{id}", get(run::page))
        .route("/ingestion/runs/{id}/live", get(run::live))
        .route("/ingestion/runs/{id}/do", post(act::run))
}

/// The entry of the rail.
pub(crate) fn nav() -> NavItem {
    NavItem::below(4, "Sources", "/ingestion", "plug").only(Permission::ManageChannels)
}

/// What a state is called, and its tone.
pub(crate) fn state_words(state: &str) -> (&'static str, &'static str) {
    match state {
        "connected" => ("connected", "won"),
        "reconnect" => ("connect again", "risk"),
        "failing" => ("needs a look", "wait"),
        "paused" => ("paused", ""),
        "queued" => ("waiting", ""),
        "running" => ("reading", "accent"),
        "done" => ("done", "won"),
        "failed" => ("stopped", "risk"),
        "cancelled" => ("cancelled", ""),
        _ => ("unknown", ""),
    }
}
