//! The stand-in's clock: the machine's time plus an offset that tests move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, movable.
#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "the stand-in's own clock: tests move it by its offset")]
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        machine.as_millis() as i64 + self.offset_ms.load(Ordering::Relaxed)
    }

    /// Now, in whole seconds since 1970.
    pub fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Now, as ISO-8601 with milliseconds.
    pub fn now_iso(&self) -> String {
        iso(self.now_ms())
    }

    /// Moves the clock; a negative duration moves it back.
    pub fn advance(&self, by: chrono::Duration) {
        self.offset_ms.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }
}

/// A moment in milliseconds, written as ISO-8601.
pub(crate) fn iso(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
