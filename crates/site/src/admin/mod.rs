//! The desk of the site: what members see and change of it.
//!
//! Rules a newcomer would break: what a visitor wrote is sealed and opened only for members who may reply; every change is audited,
//! makes a new version of the site where visitors see it, and is shown at once; a form that fails is shown again with what was typed.

mod analytics;
mod audit;
mod authors;
mod clock;
mod content;
mod experiments;
mod images;
mod inquiries;
mod overview;
mod redirects;
mod settings;

use axum::Router;
use axum::routing::get;
use kernel::db::OrgTx;
use shell::{AppError, NavItem, Permission, Tab};
use utoipa_axum::router::OpenApiRouter;

use crate::core::Core;
use crate::sites;
use crate::web::Back;

/// The desk's part of the API.
pub(crate) fn api() -> OpenApiRouter<Back> {
    inquiries::api()
        .merge(analytics::api())
        .merge(content::api())
        .merge(images::api())
        .merge(authors::api())
        .merge(audit::api())
        .merge(experiments::api())
        .merge(redirects::api())
        .merge(settings::api())
}

/// The desk's pages.
pub(crate) fn pages() -> Router<Back> {
    Router::new()
        .route("/admin", get(overview::page))
        .merge(analytics::pages())
        .merge(inquiries::pages())
        .merge(content::pages())
        .merge(images::pages())
        .merge(authors::pages())
        .merge(audit::pages())
        .merge(experiments::pages())
        .merge(redirects::pages())
        .merge(settings::pages())
}

/// The desk's entry in the rail.
pub(crate) fn nav() -> NavItem {
    NavItem::main(8, "Site", "/admin", "globe").only(Permission::Reply)
}

/// The tabs over every page of the desk; `here` is the address of the current one.
pub(crate) fn tabs(here: &str) -> Vec<Tab> {
    [
        ("Overview", "/admin"),
        ("Inquiries", "/admin/inquiries"),
        ("Analytics", "/admin/analytics"),
        ("Content", "/admin/content"),
        ("Pictures", "/admin/images"),
        ("Authors", "/admin/authors"),
        ("Audit", "/admin/audit"),
        ("Experiments", "/admin/experiments"),
        ("Redirects", "/admin/redirects"),
        ("Settings", "/admin/settings"),
    ]
    .into_iter()
    .map(|(label, href)| Tab::new(label, href, href == here))
    .collect()
}

/// Commits a change that visitors see, and has it shown at once.
async fn publish(core: &Core, mut tx: OrgTx) -> Result<(), AppError> {
    sites::touch(&mut tx).await?;
    tx.commit().await?;
    core.hosts().forget();
    Ok(())
}
