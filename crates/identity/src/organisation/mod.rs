//! The organisation itself: its name and time zone, who owns it, and its end.
//!
//! Rules: whatever can take the organisation from its people wants the permission to delete it (an owner's), and happens in one
//! transaction that holds the owners. A deleted organisation is closed at once and erased after [`GRACE`]; until then an owner
//! takes it back with the link, or the operator with `recoup org restore`.

pub(crate) mod deletion;
pub(crate) mod erasure;
pub(crate) mod ownership;
pub(crate) mod page;
pub(crate) mod restore;
pub(crate) mod settings;

pub use erasure::Erasure;
pub use restore::restore;

use chrono::Duration;

/// How long a deleted organisation can be taken back.
pub(crate) const GRACE: Duration = Duration::days(30);
