//! The audit log: reading it and proving that it is whole. Rooms write it with [`kernel::audit::record`].

pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod verify;

pub use kernel::audit::{AuditEntry, record};
pub use verify::{Verdict, verify};
