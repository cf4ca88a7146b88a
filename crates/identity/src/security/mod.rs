//! What an organisation asks of everybody who signs in to it.

pub(crate) mod page;
pub(crate) mod rule;
