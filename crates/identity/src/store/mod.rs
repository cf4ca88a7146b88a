//! SQL on the organisation's transaction. Row types stay here; what leaves has domain types.

pub(crate) mod factor_rules;
pub(crate) mod invites;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod notices;
pub(crate) mod policies;
pub(crate) mod provisioned;
pub(crate) mod scim_log;
pub(crate) mod sessions;
pub(crate) mod sso;
pub(crate) mod teams;
