//! The pages of the room: leads as a table and as a board, one lead, and the CRM's settings.

mod act;
mod crm;
mod list;
mod show;

use axum::Router;
use axum::routing::{get, post};
use shell::{NavItem, Permission, Search};

use crate::web::Desk;

/// The routes.
pub(crate) fn routes() -> Router<Desk> {
    Router::new()
        .route("/leads", get(list::page))
        .route("/leads/{id}", get(show::page))
        .route("/leads/{id}/tag", post(act::tag))
        .route("/leads/{id}/stage", post(act::stage))
        .route("/leads/{id}/activities", post(act::activity))
        .route("/leads/{id}/sync", post(act::sync))
        .route("/settings/crm", get(crm::page).post(crm::save))
        .route("/settings/crm/disconnect", post(crm::disconnect))
}

/// The entry of the rail.
pub(crate) fn nav() -> NavItem {
    NavItem::main(4, "Leads", "/leads", "target").keys("g l")
}

/// The entry of the settings.
pub(crate) fn settings() -> NavItem {
    NavItem::main(40, "CRM", "/settings/crm", "database").only(Permission::ManageChannels)
}

/// The list the palette can search.
pub(crate) const SEARCH: Search = Search { label: "Search leads", href: "/leads?q=" };
