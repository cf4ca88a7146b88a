//! Puts the rooms into the frame: one router with every rule of the edge around it.
//!
//! A request meets, from the outside in: id and span · security headers · compression · error bodies · panics · time
//! limit · body limit · caller (and CSRF) · rate limit · idempotency · the room's handler. Files skip the compression and
//! what comes after the body limit. Webhooks prove themselves by signature and are many: they are looked for before all that, and
//! one layer does for them what they need.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::Menu;
use crate::auth::identify::identify;
use crate::auth::permission::View;
use crate::edge::{Platforms, catch, context, render_errors, security_headers, time_limit};
use crate::idempotency::idempotency;
use crate::limits::rate_limit;
use crate::openapi::{Description, document};
use crate::{Allowed, App, AppError, NavItem, Room, assets, live, styleguide};

/// The largest body of a route that does not say otherwise with its own `DefaultBodyLimit`.
const BODY_LIMIT: usize = 1 << 20;

/// The whole web side of the process.
pub fn assemble(app: &App, rooms: Vec<Room>) -> Router {
    let mut api = OpenApiRouter::new();
    let (mut pages, mut outside, mut webhooks) = (Router::new(), Router::new(), Router::new());
    let mut menu = Menu::default();
    for room in rooms {
        api = api.merge(room.api);
        pages = pages.merge(room.pages);
        outside = outside.merge(room.outside);
        webhooks = webhooks.merge(room.webhooks);
        menu.nav.extend(room.nav);
        menu.settings.extend(room.settings);
        menu.searches.extend(room.searches);
    }
    if !menu.settings.is_empty() {
        menu.nav.push(NavItem::below(90, "Settings", "/settings", "settings").keys("g s"));
    }
    app.set_menu(menu);
    let (api, described) = api.split_for_parts();
    let described = Description::new(&document(described, &app.settings().public_url));
    let people = api
        .merge(pages)
        .merge(own_pages(app, described))
        .merge(live::routes(app))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(app.clone(), identify))
                .layer(from_fn_with_state(app.clone(), rate_limit))
                .layer(from_fn_with_state(app.clone(), idempotency)),
        );
    let files = Router::new().route("/assets/{file}", get(assets::serve));
    // Files are compressed already. What other sites post has no session, and counts by address like every door.
    let plain = edge(app, files.merge(outside.layer(from_fn_with_state(app.clone(), rate_limit))));
    let people = finish(app, edge(app, people).layer(CompressionLayer::new()).merge(plain));
    people.merge(webhooks.layer(Platforms::new(app, BODY_LIMIT)))
}

/// The API description alone, for `recoup openapi`.
pub fn describe(app: &App, rooms: Vec<Room>) -> OpenApi {
    let api = rooms.into_iter().fold(OpenApiRouter::new(), |api, room| api.merge(room.api));
    document(api.into_openapi(), &app.settings().public_url)
}

/// The pages of a public site in the same edge: no session, no form of ours, no limit but the site's own.
pub fn public(app: &App, router: Router) -> Router {
    finish(app, edge(app, router.method_not_allowed_fallback(wrong_method)).layer(CompressionLayer::new()))
}

/// What is inside the compression.
fn edge(app: &App, router: Router) -> Router {
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(app.clone(), render_errors))
            .layer(CatchPanicLayer::custom(catch))
            .layer(from_fn(time_limit))
            .layer(DefaultBodyLimit::max(BODY_LIMIT)),
    )
}

/// What is outside of everything.
fn finish(app: &App, router: Router) -> Router {
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(app.clone(), context))
            .layer(from_fn_with_state(app.clone(), security_headers)),
    )
}

fn own_pages(app: &App, described: Description) -> Router {
    let described = Arc::new(described);
    let reference = Arc::clone(&described);
    let mut router = Router::new()
        .route("/v2/openapi.json", get(move || async move { described.json() }))
        .route("/docs/api", get(move |info, caller| async move { reference.page(&info, caller) }))
        .route("/favicon.ico", get(favicon))
        .merge(Router::new().route("/settings", get(first_settings)).with_state(app.clone()));
    if app.settings().styleguide {
        router = router.merge(styleguide::routes(app.clone()));
    }
    router
}

/// `/settings` is the first of the settings that the caller may open.
async fn first_settings(by: Allowed<View>) -> Result<Redirect, AppError> {
    let frame = by.frame("Settings");
    let first =
        frame.settings.first().ok_or_else(|| AppError::forbidden("there is nothing here that you may change"))?;
    Ok(Redirect::to(first.item.href))
}

async fn favicon() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "public, max-age=86400")], Redirect::permanent(assets::asset("mark.svg")))
}

async fn nothing_here() -> AppError {
    AppError::not_found("address")
}

async fn wrong_method() -> AppError {
    AppError::MethodNotAllowed
}
