//! What tests stand on (feature `testing`): a fresh migrated database each, and a Redis of their own.
//!
//! One PostgreSQL cluster without `fsync` serves all test processes and stays up between runs; `make test` stops it. Rules:
//! a test never names a database, a port or a path itself, and never sleeps: it waits for a fact with [`until`].

mod database;
mod place;
mod redis;
mod sweep;

pub use database::TestDb;
pub use redis::TestRedis;

use std::time::{Duration, Instant};

/// Asks again and again until the answer is there; panics after ten seconds, naming what was waited for.
pub async fn until<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "waited ten seconds for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
