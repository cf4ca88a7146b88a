//! SQL on the organisation's transaction. Row types stay here; what leaves has domain types.

pub(crate) mod factor_rules;
pub(crate) mod invites;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod sessions;
pub(crate) mod teams;
