//! The live bus: short-lived messages to browsers and other processes (new events, presence, typing).
//!
//! Messages carry ids, never content; a browser that gets one asks for what changed. Nothing here is durable: what must not
//! be lost is in the ledger. Without Redis the bus is this process; with it, every process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast;

use crate::ids::OrgId;

/// Messages a slow reader may fall behind before it is told to catch up.
const BACKLOG: usize = 1_024;

/// A message of the bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveMessage {
    /// The organisation whose members may see it.
    pub org: OrgId,
    /// What it is, such as `message.received` or `presence`.
    pub kind: String,
    /// The event's id where it tells of one: a place to catch up from.
    pub id: Option<String>,
    /// Ids and small facts.
    pub data: Arc<Value>,
}

/// The bus of one process. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

struct Inner {
    local: broadcast::Sender<LiveMessage>,
    /// What other processes should hear too (presence and typing; ledger events reach them by their own tail).
    shared: broadcast::Sender<LiveMessage>,
}

impl Default for Live {
    fn default() -> Self {
        let inner = Inner { local: broadcast::Sender::new(BACKLOG), shared: broadcast::Sender::new(BACKLOG) };
        Self { inner: Arc::new(inner) }
    }
}

impl Live {
    /// Tells this process's listeners.
    pub fn publish(&self, message: LiveMessage) {
        // No listener is not a failure.
        drop(self.inner.local.send(message));
    }

    /// Tells the listeners of every process.
    pub fn publish_everywhere(&self, message: LiveMessage) {
        drop(self.inner.shared.send(message.clone()));
        self.publish(message);
    }

    /// Listens; filter by organisation. A reader that lags gets an error and must reload.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveMessage> {
        self.inner.local.subscribe()
    }

    /// Whether anybody of this process listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.inner.local.receiver_count() > 0
    }

    pub(crate) fn subscribe_shared(&self) -> broadcast::Receiver<LiveMessage> {
        self.inner.shared.subscribe()
    }
}
