//! Connecting an account by consent: the member is sent to the platform, comes back with a code, and what the code opens is
//! connected and subscribed.
//!
//! Rules a newcomer would break: a state is good once, for ten minutes, for the member who began it and in their organisation;
//! it is burnt before the code is used. A token is sealed before anything else is done with it. No platform is called with a
//! transaction open.

mod begin;
mod callback;
mod discover;
mod join;
mod page;
mod state;
mod subscribe;
mod subscription;
mod tokens;

use axum::Router;
use axum::routing::{get, post};
use kernel::channel::ChannelKind;
use shell::AppError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::web::Desk;

pub(crate) use subscription::{Link, end_events};
pub(crate) use tokens::renew;

/// The routes for programs.
pub(super) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(begin::connect_by_consent)).routes(routes!(subscribe::subscribe_channel))
}

/// The routes for people: out to the platform, back from it, and the choice among several accounts.
pub(crate) fn pages() -> Router<Desk> {
    Router::new()
        .route("/auth/connect/{channel}", get(begin::go))
        .route("/auth/callback/{channel}", get(callback::come_back))
        .route("/auth/callback/{channel}/choose", post(callback::choose))
}

/// Where the platform sends the member back to; it must be registered there.
fn redirect_uri(core: &Core, kind: ChannelKind) -> String {
    format!("{}/auth/callback/{kind}", core.kernel.config.http.base_url())
}

/// The kinds that are connected by consent.
fn kind_of(word: &str) -> Option<ChannelKind> {
    let kind = word.parse().ok()?;
    matches!(kind, ChannelKind::Facebook | ChannelKind::Instagram | ChannelKind::Whatsapp | ChannelKind::X)
        .then_some(kind)
}

/// The kind in a page's address.
fn kind_in_path(word: &str) -> Result<ChannelKind, AppError> {
    kind_of(word).ok_or_else(|| AppError::not_found("channel"))
}

/// What people call a platform.
fn title(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Facebook => "Facebook",
        ChannelKind::Instagram => "Instagram",
        ChannelKind::Whatsapp => "WhatsApp",
        ChannelKind::X => "X",
        _ => "the platform",
    }
}
