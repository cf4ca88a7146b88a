//! The desk of the site: what members see and change of it.
//!
//! Rules a newcomer would break: what a visitor wrote is sealed and opened only for members who may reply; every change is audited,
//! makes a new version of the site, and is shown at once; a list says how much of it is shown.

use axum::Router;
use shell::{NavItem, Permission};
use utoipa_axum::router::OpenApiRouter;

use crate::web::Back;

/// The desk's part of the API.
pub(crate) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new()
}

/// The desk's pages.
pub(crate) fn pages() -> Router<Back> {
    Router::new()
}

/// The desk's entry in the rail.
pub(crate) fn nav() -> NavItem {
    NavItem::main(8, "Site", "/admin", "globe").only(Permission::Reply)
}
