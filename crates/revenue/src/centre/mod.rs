//! The command centre: what happened, who waits, how warm the leads are, how fast answers come.

pub(crate) mod api;
mod figures;
pub(crate) mod page;
mod store;

pub(crate) use figures::{Figures, Waits};
