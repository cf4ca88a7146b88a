//! Where signals go: what the intake asks of the room that keeps them.

use async_trait::async_trait;
use connectors::signal::Signal;
use kernel::db::OrgTx;

/// What became of signals that were told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landed {
    /// Told for the first time.
    pub new: u64,
    /// Known, and told differently now.
    pub corrected: u64,
    /// Known, and told the same.
    pub unchanged: u64,
    /// Not taken: the place among the signals given, and why.
    pub rejected: Vec<(usize, String)>,
}

/// The room that keeps signals.
#[async_trait]
pub trait Landing: Send + Sync + 'static {
    /// Writes signals, at most 10,000, within the caller's transaction. Telling one again changes nothing.
    async fn land(&self, tx: &mut OrgTx, signals: Vec<Signal>) -> anyhow::Result<Landed>;
}

/// The most signals that land at once.
pub const MOST: usize = 10_000;
