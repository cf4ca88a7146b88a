//! Rates: of requests per organisation and plan and per key on the API, per address on the doors, and whatever a room counts.
//!
//! Each subject has a bucket that refills evenly (the "virtual scheduling" form of a leaky bucket: one number per
//! subject). With Redis the buckets are shared between processes; while Redis is away each process counts alone, so a
//! limit is at worst multiplied by the number of processes, never a reason to refuse service.

mod bucket;
mod layer;
mod local;
mod shared;

use std::time::Duration;

use kernel::Clock;

pub use bucket::Rate;
pub(crate) use bucket::Verdict;
pub use layer::neighbourhood;
pub(crate) use layer::rate_limit;

use local::Local;
use shared::Shared;

/// Counts, in one process or in all that share a Redis. What is named here is the room's own: begin it with the room's word.
pub struct Limiter {
    clock: Clock,
    local: Local,
    shared: Option<Shared>,
}

impl Limiter {
    /// A limiter of this process, shared with others through the Redis where there is one.
    pub fn new(clock: Clock, redis_url: Option<&str>) -> Self {
        Self { clock, local: Local::default(), shared: redis_url.and_then(Shared::open) }
    }

    /// Takes one from the subject's bucket.
    ///
    /// # Errors
    /// How long to wait, when there is none.
    pub async fn count(&self, subject: &str, rate: Rate) -> Result<(), Duration> {
        self.take(subject, rate).await.retry_after.map_or(Ok(()), Err)
    }

    /// Whether the subject's bucket has none left; takes nothing.
    pub async fn is_spent(&self, subject: &str, rate: Rate) -> bool {
        let now = self.now();
        if let Some(shared) = &self.shared
            && let Some(spent) = shared.is_spent(subject, rate, now).await
        {
            return spent;
        }
        self.local.is_spent(subject, rate, now)
    }

    /// Whether something comes for the first time within a time; it is remembered for as long.
    pub async fn is_first(&self, thing: &str, within: Duration) -> bool {
        let now = self.now();
        // What this process has seen stays seen while Redis is away, and when it comes back without it.
        if self.local.take(&format!("once:{thing}"), Rate::one_in(within), now).retry_after.is_some() {
            return false;
        }
        match &self.shared {
            Some(shared) => shared.is_first(thing, within, now).await.unwrap_or(true),
            None => true,
        }
    }

    /// Takes one from the subject's bucket, and says where it stands.
    pub(crate) async fn take(&self, subject: &str, rate: Rate) -> Verdict {
        let now = self.now();
        if let Some(shared) = &self.shared
            && let Some(verdict) = shared.take(subject, rate, now).await
        {
            return verdict;
        }
        self.local.take(subject, rate, now)
    }

    /// Microseconds.
    fn now(&self) -> i64 {
        self.clock.now().timestamp_micros()
    }
}
