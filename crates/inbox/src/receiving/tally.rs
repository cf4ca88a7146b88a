//! Counts of what was refused or unknown, kept in memory and added to the operator's counters every few seconds: a flood of
//! bad requests must not become a flood of writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::CanFail;
use kernel::db::{Db, system};

/// Counters of one process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tally {
    counts: Arc<Mutex<HashMap<String, i64>>>,
}

impl Tally {
    /// Starts writing the counts every two seconds while anybody holds the tally.
    pub fn start(db: Db) -> Self {
        let tally = Self::default();
        let counts = Arc::downgrade(&tally.counts);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(2)).await;
                let Some(counts) = counts.upgrade() else { return };
                Self { counts }.flush(&db).await;
            }
        });
        tally
    }

    /// Adds one.
    pub fn count(&self, name: String) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
    }

    /// Writes what was counted since the last time.
    pub async fn flush(&self, db: &Db) {
        let counts = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        for (name, by) in counts {
            system::count(db, &name, by).await.can_fail("adding to the operator's counters");
        }
    }
}
