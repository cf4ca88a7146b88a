//! How fast a channel may send: a token bucket an account, so that the platform's limit is kept and not hit.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors::channel::{RateScope, limits};
use kernel::channel::ChannelKind;
use kernel::ids::ChannelId;

/// A count of messages in a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Messages a second, on average.
    pub per_second: f64,
    /// Messages at once.
    pub burst: f64,
}

impl Rate {
    /// So many messages in so many seconds.
    pub fn new(messages: u32, seconds: u32) -> Self {
        Self { per_second: f64::from(messages) / f64::from(seconds.max(1)), burst: f64::from(messages) }
    }

    /// The platform's own limit of an account.
    pub fn of_platform(kind: ChannelKind) -> Self {
        limits(kind)
            .rates
            .iter()
            .find(|rate| rate.scope == RateScope::Channel)
            .map_or(Self::new(100, 1), |rate| Self::new(rate.messages, rate.seconds))
    }
}

struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
    closed_until: Option<DateTime<Utc>>,
}

/// The buckets of one process.
#[derive(Default)]
pub struct Rates {
    buckets: Mutex<HashMap<ChannelId, Bucket>>,
}

impl Rates {
    /// Takes a place for one message, or says how long to wait for one.
    pub fn take(&self, channel: ChannelId, rate: Rate, now: DateTime<Utc>) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(channel).or_insert(Bucket { tokens: rate.burst, at: now, closed_until: None });
        if let Some(until) = bucket.closed_until.filter(|until| *until > now) {
            return Err((until - now).to_std().unwrap_or_default());
        }
        let passed = (now - bucket.at).as_seconds_f64().max(0.0);
        bucket.tokens = (bucket.tokens + passed * rate.per_second).min(rate.burst);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.tokens) / rate.per_second))
    }

    /// The platform itself said to wait.
    pub fn close(&self, channel: ChannelId, until: DateTime<Utc>) {
        if let Some(bucket) = self.buckets.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&channel) {
            bucket.closed_until = Some(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_refills_and_obeys_the_platform() {
        let rates = Rates::default();
        let channel = ChannelId::at(DateTime::UNIX_EPOCH);
        let rate = Rate { per_second: 1.0, burst: 2.0 };
        let now = DateTime::from_timestamp(1_000, 0).expect("an instant");
        assert!(rates.take(channel, rate, now).is_ok());
        assert!(rates.take(channel, rate, now).is_ok());
        assert_eq!(rates.take(channel, rate, now), Err(Duration::from_secs(1)));
        let later = now + chrono::TimeDelta::seconds(1);
        assert!(rates.take(channel, rate, later).is_ok());
        rates.close(channel, later + chrono::TimeDelta::seconds(30));
        assert_eq!(rates.take(channel, rate, later + chrono::TimeDelta::seconds(10)), Err(Duration::from_secs(20)));
    }
}
