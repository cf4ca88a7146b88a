//! Journeys: what became of each lead, folded from its signals, and the sums they add to.
//!
//! Rules a newcomer would break: the fold knows no present; whoever touches journeys holds the organisation's view lock
//! ([`apply::hold`]); the sums are changed by differences, so a journey and its sums are written in one transaction.

pub(crate) mod apply;
mod circle;
mod fold;
mod follower;
mod rebuild;
pub(crate) mod store;
mod story;
pub(crate) mod sums;
mod tally;
mod told;

pub(crate) use apply::waiting as apply_waiting;
pub use fold::{Journey, Opening, Stage, fold};
pub(crate) use follower::rebuild_later;
pub use follower::{FoldJob, Journeys, RebuildJob};
pub use rebuild::{Difference, Rebuilt, check, rebuild};
pub use told::Told;
