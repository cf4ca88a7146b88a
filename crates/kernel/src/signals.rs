//! Wake-ups: who waits for work is told at once after a commit, and polls underneath in case nobody told it.
//!
//! No `notify` runs inside an enqueuing transaction: PostgreSQL commits such transactions one after another, without group
//! commit. In-process waiters are woken directly; other processes are told by one coalescing task (see [`crate::relay`]).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::queue::Lane;

/// The wake-ups of one process. Cheap to clone.
#[derive(Clone)]
pub struct Signals {
    inner: Arc<Inner>,
}

struct Inner {
    lanes: Vec<Notify>,
    ledger: watch::Sender<u64>,
    /// What other processes still have to be told: one bit a lane, the highest bit for the ledger.
    outbox: watch::Sender<u32>,
}

/// The bit that stands for the ledger in a relayed wake-up.
pub(crate) const LEDGER_BIT: u32 = 1 << 31;

impl Default for Signals {
    fn default() -> Self {
        Self {
            inner: Arc::new(Inner {
                lanes: Lane::ALL.iter().map(|_| Notify::new()).collect(),
                ledger: watch::Sender::new(0),
                outbox: watch::Sender::new(0),
            }),
        }
    }
}

impl Signals {
    /// Says that a lane has new work, here and to the other processes.
    pub fn lane(&self, lane: Lane) {
        self.wake(1 << lane as u32);
        self.inner.outbox.send_modify(|bits| *bits |= 1 << lane as u32);
    }

    /// Says that a lane has work that becomes due after a while; short waits get their own timer, polling covers the rest.
    pub fn lane_at(&self, lane: Lane, after: Option<chrono::TimeDelta>) {
        match after.and_then(|after| after.to_std().ok()) {
            None => self.lane(lane),
            Some(after) if after < Duration::from_secs(5) => {
                let signals = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    signals.lane(lane);
                });
            }
            Some(_) => {}
        }
    }

    /// Says that the ledger has new events, here and to the other processes.
    pub fn ledger(&self) {
        self.wake(LEDGER_BIT);
        self.inner.outbox.send_modify(|bits| *bits |= LEDGER_BIT);
    }

    /// Wakes this process's waiters for a set of bits, without telling anybody else.
    pub(crate) fn wake(&self, bits: u32) {
        for lane in Lane::ALL {
            if bits & (1 << *lane as u32) != 0 {
                self.inner.lanes[*lane as usize].notify_one();
            }
        }
        if bits & LEDGER_BIT != 0 {
            self.inner.ledger.send_modify(|count| *count += 1);
        }
    }

    /// Waits until a lane has new work.
    pub async fn lane_woken(&self, lane: Lane) {
        self.inner.lanes[lane as usize].notified().await;
    }

    /// A receiver that changes with every new event in the ledger.
    pub fn ledger_watch(&self) -> watch::Receiver<u64> {
        self.inner.ledger.subscribe()
    }

    /// A receiver of what has to be relayed; [`Signals::take_outbox`] empties it.
    pub(crate) fn outbox_watch(&self) -> watch::Receiver<u32> {
        self.inner.outbox.subscribe()
    }

    pub(crate) fn take_outbox(&self) -> u32 {
        let mut taken = 0;
        self.inner.outbox.send_if_modified(|bits| {
            taken = std::mem::take(bits);
            false
        });
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_before_the_wait_is_not_lost() {
        let signals = Signals::default();
        signals.lane(Lane::Outbound);
        signals.lane_woken(Lane::Outbound).await;
        assert_eq!(signals.take_outbox(), 1 << Lane::Outbound as u32);
        assert_eq!(signals.take_outbox(), 0);
    }
}
