//! Connections: what an organisation reads from, with its credentials sealed.
//!
//! Rules a newcomer would break: a credential leaves the vault for the call that needs it and is never shown again; a refused
//! permission is a state that says what to do, and never costs a cursor.

pub(crate) mod api;
pub(crate) mod change;
pub(crate) mod consent;
pub(crate) mod secrets;
pub(crate) mod store;
