//! Live updates to browsers and programs: `GET /live` (server-sent events) and `GET /ws` (WebSocket), the same messages.
//!
//! Messages carry ids, never content; who gets one asks for what changed. The bus keeps nothing, so after a gap (a lost
//! connection, a reader too slow for the bus) the feed says `resync` and the page asks again for all it shows.

mod ear;
mod feed;
mod sse;
mod ws;

use axum::Router;
use axum::routing::get;

use crate::App;

pub(crate) fn routes(app: &App) -> Router {
    Router::new().route("/live", get(sse::sse)).route("/ws", get(ws::ws)).with_state(app.clone())
}
