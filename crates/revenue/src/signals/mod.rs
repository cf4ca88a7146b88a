//! Signals as this room keeps them: checked, bound to an organisation, landed in batches, corrected.

pub(crate) mod api;
mod check;
pub(crate) mod digest;
mod land;
pub(crate) mod rows;
pub(crate) mod stored;
pub(crate) mod sums;
mod ties;

pub use check::check;
pub use digest::{contact_id, lead_id, signal_id};
pub use land::{Landed, MOST, Rejected, land};
pub(crate) use land::{hold, lock_key};
pub use stored::StoredSignal;
