//! The same buckets in Redis, one call a request.
//!
//! A call that fails or takes longer than [`PATIENCE`] gives no verdict, and Redis is left alone for [`REST`], so that an
//! outage costs one short wait every few seconds and not one a request.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{Cmd, FromRedisValue};
use tokio::sync::OnceCell;

use super::bucket::{self, Rate, Verdict};

const PATIENCE: Duration = Duration::from_millis(50);
const REST: Duration = Duration::from_secs(5);

/// The arithmetic of `bucket::take`, done where the number lives. Returns the number and the wait, or -1 for none.
const SCRIPT: &str = r"
local now, step, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('get', KEYS[1]) or '0')
local next_at = math.max(full_at, now) + step
if next_at - now > window then return {string.format('%.0f', full_at), string.format('%.0f', next_at - now - window)} end
redis.call('set', KEYS[1], string.format('%.0f', next_at), 'PX', math.ceil((next_at - now) / 1000) + 1000)
return {string.format('%.0f', next_at), '-1'}
";

pub(super) struct Shared {
    client: redis::Client,
    connection: OnceCell<ConnectionManager>,
    /// Microseconds: before this instant Redis is not asked.
    rest_until: AtomicI64,
}

impl Shared {
    /// A URL that does not read leaves the limits local; the configuration check at start-up says so louder.
    pub(super) fn open(url: &str) -> Option<Self> {
        match redis::Client::open(url) {
            Ok(client) => Some(Self { client, connection: OnceCell::new(), rest_until: AtomicI64::new(0) }),
            Err(error) => {
                tracing::warn!(error.cause = %error, "rate limits are local: the Redis URL does not read");
                None
            }
        }
    }

    /// `None` when Redis has no verdict in time, here and below.
    pub(super) async fn take(&self, subject: &str, rate: Rate, now: i64) -> Option<Verdict> {
        let mut ask = redis::cmd("EVAL");
        ask.arg(SCRIPT).arg(1).arg(bucket_of(subject)).arg(now).arg(rate.step()).arg(rate.window());
        let (full_at, wait): (i64, i64) = self.ask(&ask, now).await?;
        Some(bucket::verdict(full_at, now, rate, (wait >= 0).then_some(wait)))
    }

    /// Whether the next request would be refused; takes nothing.
    pub(super) async fn is_spent(&self, subject: &str, rate: Rate, now: i64) -> Option<bool> {
        let mut ask = redis::cmd("GET");
        ask.arg(bucket_of(subject));
        let full_at: Option<i64> = self.ask(&ask, now).await?;
        Some(full_at.is_some_and(|full_at| bucket::wait(full_at, now, rate).is_some()))
    }

    /// Whether something was not here before; it is kept for a time.
    pub(super) async fn is_first(&self, thing: &str, within: Duration, now: i64) -> Option<bool> {
        let mut ask = redis::cmd("SET");
        ask.arg(format!("recoup:once:{thing}")).arg(1).arg("NX").arg("PX").arg(within.as_millis().max(1) as u64);
        // Nothing comes back where it is kept already.
        let kept: Option<String> = self.ask(&ask, now).await?;
        Some(kept.is_some())
    }

    async fn ask<T: FromRedisValue>(&self, ask: &Cmd, now: i64) -> Option<T> {
        if now < self.rest_until.load(Ordering::Relaxed) {
            return None;
        }
        let answer = async {
            let connect = || ConnectionManager::new(self.client.clone());
            let mut connection = self.connection.get_or_try_init(connect).await?.clone();
            ask.query_async(&mut connection).await
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => self.give_up(now, &error.to_string()),
            Err(_) => self.give_up(now, "no answer in time"),
        }
    }

    fn give_up<T>(&self, now: i64, cause: &str) -> Option<T> {
        self.rest_until.store(now + REST.as_micros() as i64, Ordering::Relaxed);
        tracing::warn!(error.cause = cause, "rate limits are local for a while: Redis does not answer");
        None
    }
}

fn bucket_of(subject: &str) -> String {
    format!("recoup:rate:{subject}")
}
