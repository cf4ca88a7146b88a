//! Runs: one reading of a source or of a file, by hand or by the clock.
//!
//! Rules a newcomer would break: a page and the cursor behind it are one transaction; a run that is paused or cancelled stops
//! before its next batch; waiting is a job that comes back later, never a sleeping one.

pub(crate) mod api;
pub(crate) mod pages;
pub(crate) mod poll;
pub(crate) mod store;
pub(crate) mod trigger;
pub(crate) mod wake;
pub(crate) mod work;

use std::time::Duration;

use kernel::ids::RunId;
use kernel::queue::{Lane, NewJob};
use serde::{Deserialize, Serialize};

/// How long one job works before the next goes on: well within what its lane allows.
pub(crate) const STINT: Duration = Duration::from_secs(240);

/// What a job works on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunJob {
    pub run: RunId,
}

/// The job of a run. Those of one connection keep their order.
pub(crate) fn job(run: RunId, key: impl ToString) -> NewJob {
    NewJob::new(Lane::Ingest, "intake.run", &RunJob { run }).key(key)
}

/// How a stint of a run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Everything was read.
    Done,
    /// There is more: another job goes on.
    More,
    /// Somebody paused or cancelled it.
    Stopped,
    /// The outside asks us to wait.
    Wait(Duration),
    /// The permission is gone: a person must connect again.
    Reconnect(String),
    /// Trying again changes nothing.
    Failed(String),
}
