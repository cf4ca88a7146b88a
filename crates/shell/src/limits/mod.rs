//! Request rates: per organisation and plan and per key on the API, per address on the doors.
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

pub(crate) use bucket::{Rate, Verdict};
pub(crate) use layer::rate_limit;

use local::Local;
use shared::Shared;

/// Counts requests.
pub(crate) struct Limiter {
    clock: Clock,
    local: Local,
    shared: Option<Shared>,
}

impl Limiter {
    pub(crate) fn new(clock: Clock, redis_url: Option<&str>) -> Self {
        Self { clock, local: Local::default(), shared: redis_url.and_then(Shared::open) }
    }

    /// Takes one request from the subject's bucket.
    pub(crate) async fn take(&self, subject: &str, rate: Rate) -> Verdict {
        let now = self.clock.now().timestamp_micros();
        if let Some(shared) = &self.shared
            && let Some(verdict) = shared.take(subject, rate, now).await
        {
            return verdict;
        }
        self.local.take(subject, rate, now)
    }
}

/// One minute, the window of every limit.
const WINDOW: Duration = Duration::from_secs(60);
