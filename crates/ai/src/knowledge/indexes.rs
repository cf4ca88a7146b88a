//! The indices in memory, one an organisation, each as fresh as the version it was built from.

use std::sync::Arc;
use std::time::Duration;

use kernel::db::OrgTx;
use kernel::ids::OrgId;
use moka::sync::Cache;

use super::{chunks, store};
use crate::retrieval::Index;

/// Chunks kept in memory over all organisations; the least used go first. About 4 KB each, 6 KB with sentence vectors.
const MAX_CHUNKS: u64 = 200_000;
/// An index nobody asks is forgotten after this time.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// A cache of indices; cheap to clone.
#[derive(Clone)]
pub struct Indexes {
    cache: Cache<OrgId, Versioned>,
}

#[derive(Clone)]
struct Versioned {
    version: i64,
    index: Arc<Index>,
}

impl Default for Indexes {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(MAX_CHUNKS)
            .weigher(|_, v: &Versioned| u32::try_from(v.index.chunks().len()).unwrap_or(u32::MAX).saturating_add(1))
            .time_to_idle(IDLE)
            .build();
        Self { cache }
    }
}

impl Indexes {
    /// The organisation's index as of this transaction: one small query when it is fresh, a rebuild when it is not.
    pub async fn get(&self, tx: &mut OrgTx) -> Result<Arc<Index>, anyhow::Error> {
        let org = tx.org();
        let version = store::version(tx).await?;
        if let Some(found) = self.cache.get(&org).filter(|v| v.version == version) {
            return Ok(found.index);
        }
        let chunks = chunks::all(tx).await?;
        let index = Arc::new(tokio::task::spawn_blocking(move || Index::build(chunks)).await?);
        self.cache.insert(org, Versioned { version, index: Arc::clone(&index) });
        Ok(index)
    }
}
