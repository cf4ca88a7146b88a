//! Which organisation an account belongs to, cached: asked for every delivery, changed a few times a year.

use std::sync::Arc;
use std::time::Duration;

use kernel::channel::ChannelKind;
use kernel::db::{Db, system};
use kernel::ids::{ChannelId, OrgId};
use moka::sync::Cache;

type Route = Arc<Vec<(OrgId, ChannelId)>>;

/// The accounts known to this process. A channel connected elsewhere is seen after a few seconds at most.
#[derive(Clone)]
pub struct Routes {
    db: Db,
    known: Cache<(ChannelKind, String), Route>,
}

impl Routes {
    /// An empty cache over a database.
    pub fn new(db: Db) -> Self {
        Self { db, known: Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(5)).build() }
    }

    /// The channels of an account; empty when nobody connected it.
    pub async fn of(&self, kind: ChannelKind, account: &str) -> Result<Route, sqlx::Error> {
        let key = (kind, account.to_owned());
        if let Some(route) = self.known.get(&key) {
            return Ok(route);
        }
        // Rare, and large: it stays out of the future of every delivery.
        Box::pin(self.look(key)).await
    }

    async fn look(&self, key: (ChannelKind, String)) -> Result<Route, sqlx::Error> {
        let route = Arc::new(system::routes_of(&self.db, key.0, &key.1).await?);
        // An unknown account is not remembered: it may be connected the next moment.
        if !route.is_empty() {
            self.known.insert(key, Arc::clone(&route));
        }
        Ok(route)
    }

    /// Forgets an account after it was connected or disconnected here.
    pub fn forget(&self, kind: ChannelKind, account: &str) {
        self.known.invalidate(&(kind, account.to_owned()));
    }
}
