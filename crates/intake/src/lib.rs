//! Connections to outside sources, imports and their runs.
//!
//! Rules a newcomer would break: a cursor is stored in the transaction that stores its records; a record that gives no signal is
//! kept with its reason; nothing is guessed silently (orders of dates, currencies): it is asked.

mod connections;
mod core;
pub mod csv;
mod drops;
mod files;
mod kinds;
mod landing;
mod notices;
mod pages;
mod paths;
pub mod privacy;
mod rejects;
mod rest;
mod runs;
mod sources;
mod web;
mod webhook;

use std::sync::Arc;

use kernel::queue::Handlers;
use kernel::schedule::Reconciler;

pub use crate::core::Core;
pub use kinds::Kind;
pub use landing::{Landed, Landing, MOST};
pub use web::room;

/// The room's background work.
pub fn handlers(core: &Core, handlers: &mut Handlers) {
    handlers.add(Arc::new(runs::work::Runner(core.clone())));
}

/// What the room does by the clock.
pub fn reconcilers(core: &Core) -> Vec<Arc<dyn Reconciler>> {
    vec![Arc::new(runs::poll::Poll(core.clone())), Arc::new(runs::poll::Sweep(core.clone()))]
}

/// Takes files over SFTP until the future is dropped; ends at once where no address is configured.
pub async fn serve_drops(core: Core) -> anyhow::Result<()> {
    drops::serve(core).await
}

/// The same over a listener of the caller's, whatever is configured.
pub async fn serve_drops_on(core: Core, listener: tokio::net::TcpListener) -> anyhow::Result<()> {
    drops::serve_on(core, listener).await
}
