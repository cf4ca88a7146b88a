//! What a site says: its own words of the database, and the built-in ones where it has none.
//!
//! Words are Markdown; what a kind has beside words (a plan's price, a measured figure) is in `fields`.

pub(crate) mod builtin;
pub(crate) mod images;
pub(crate) mod markdown;
pub(crate) mod store;

pub(crate) use builtin::Builtin;
pub(crate) use store::{Entry, Kind, State};
