//! From what contacts write to scored leads: a follower of the ledger, so that a lead's score is always the pure sum of the
//! signals its contact showed, whatever happened in between.

mod follower;
mod store;
mod weights;

pub use follower::Scorer;
pub(crate) use follower::show;
pub use weights::{load_weights, save_weights};
