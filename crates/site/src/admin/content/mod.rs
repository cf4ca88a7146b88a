//! `/admin/content`: what the site says, by kind; its editor, its preview, its history.
//!
//! Rules a newcomer would break: a save names the revision it was written over, and never overwrites another one unseen; what was typed
//! is shown again whatever becomes of it; nothing is deleted, it is archived; what visitors see changes with `sites::touch`.

mod api;
mod diff;
mod edit;
pub(super) mod form;
mod history;
mod list;
mod preview;
mod save;
mod step;
mod store;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use kernel::db::OrgTx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::content::{Kind, State};
use crate::core::Core;
use crate::sites::{self, Site};
use crate::web::Back;

/// A page's words, escaped as forms do: what is typed in another script takes nine bytes a letter.
const LARGEST_FORM: usize = 4 << 20;

/// The desk's pages about what the site says.
pub(crate) fn pages() -> Router<Back> {
    Router::new()
        .route("/admin/content", get(list::page).post(save::create))
        .route("/admin/content/new", get(edit::new))
        .route("/admin/content/preview", post(preview::show_words))
        .route("/admin/content/{id}", get(edit::page).post(save::save))
        .route("/admin/content/{id}/history", get(history::page).post(history::restore))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}

/// The API about what the site says.
pub(super) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new()
        .routes(routes!(api::list, api::create))
        .routes(routes!(api::show, api::change))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}

/// What a kind is called: one, and many.
fn called(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Page => ("Page", "Pages"),
        Kind::Solution => ("Solution", "Solutions"),
        Kind::CaseStudy => ("Case study", "Case studies"),
        Kind::Post => ("Post", "Posts"),
    }
}

/// What a state is called, and the tone of its badge.
fn badge(state: State) -> (&'static str, &'static str) {
    match state {
        State::Draft => ("draft", ""),
        State::Scheduled => ("scheduled", "accent"),
        State::Published => ("published", "won"),
        State::Archived => ("archived", "wait"),
    }
}

/// The organisation's site; one that is not set up yet has the usual time zone and the installation's address.
pub(super) async fn site(tx: &mut OrgTx) -> Result<Site, sqlx::Error> {
    let org = tx.org();
    Ok(sites::read(tx).await?.unwrap_or_else(|| Site {
        org,
        name: String::new(),
        tagline: String::new(),
        domain: None,
        published: false,
        version: 0,
        look: sites::Look::default(),
        flags: sites::Flags::default(),
        settings: sites::Settings::default(),
    }))
}

/// The address that the site's links begin with.
pub(super) fn address(core: &Core, site: &Site) -> String {
    site.address(&core.kernel().config.http.base_url())
}
