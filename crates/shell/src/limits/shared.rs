//! The same buckets in Redis, one script call a request.
//!
//! A call that fails or takes longer than [`PATIENCE`] gives no verdict, and Redis is left alone for [`REST`], so that an
//! outage costs one short wait every few seconds and not one a request.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use redis::aio::ConnectionManager;
use tokio::sync::OnceCell;

use super::bucket::{self, Rate, Verdict, window_micros};

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

    /// `None` when Redis has no verdict in time.
    pub(super) async fn take(&self, subject: &str, rate: Rate, now: i64) -> Option<Verdict> {
        if now < self.rest_until.load(Ordering::Relaxed) {
            return None;
        }
        match tokio::time::timeout(PATIENCE, self.ask(subject, rate, now)).await {
            Ok(Ok((full_at, wait))) => {
                let wait = (wait >= 0).then_some(wait);
                Some(bucket::verdict(full_at, now, rate, wait))
            }
            Ok(Err(error)) => self.give_up(now, &error.to_string()),
            Err(_) => self.give_up(now, "no answer in time"),
        }
    }

    async fn ask(&self, subject: &str, rate: Rate, now: i64) -> redis::RedisResult<(i64, i64)> {
        let connect = || ConnectionManager::new(self.client.clone());
        let mut connection = self.connection.get_or_try_init(connect).await?.clone();
        redis::cmd("EVAL")
            .arg(SCRIPT)
            .arg(1)
            .arg(format!("recoup:rate:{subject}"))
            .arg(now)
            .arg(rate.step())
            .arg(window_micros())
            .query_async(&mut connection)
            .await
    }

    fn give_up(&self, now: i64, cause: &str) -> Option<Verdict> {
        self.rest_until.store(now + REST.as_micros() as i64, Ordering::Relaxed);
        tracing::warn!(error.cause = cause, "rate limits are local for a while: Redis does not answer");
        None
    }
}
