//! The room's rows. SQL is here and nowhere else.

pub(crate) mod deliveries;
pub(crate) mod designs;
pub(crate) mod reports;
pub(crate) mod schedules;
pub(crate) mod shares;
