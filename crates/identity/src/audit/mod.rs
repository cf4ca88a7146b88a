//! The audit log: reading it, proving that it is whole, signing it, exporting it. Rooms write it with
//! [`kernel::audit::record`].

pub(crate) mod chain;
pub(crate) mod checkpoints;
pub(crate) mod export;
pub(crate) mod file;
mod lines;
pub(crate) mod list;
pub(crate) mod page;
mod prune;
pub(crate) mod signing;
pub(crate) mod verify;
mod words;

pub use chain::Fault;
pub use checkpoints::sign_all;
pub use export::export;
pub use file::{NotProved, Proved, prove};
pub use kernel::audit::{AuditEntry, record};
pub use prune::prune;
pub use signing::keys;
pub use verify::{Verdict, holds_at, verify};
