//! What comes in: strict extractors with our error shape, cursor pages, patches.
//!
//! Rules: an unknown field is refused (a typo must not be ignored in silence); a NUL byte is refused (PostgreSQL cannot
//! hold it); an id that does not read is 404, like an id of someone else.

mod day;
mod form;
mod json;
mod nul;
mod page;
mod patch;
mod path;
mod query;

pub use day::known_day;
pub use form::Form;
pub use json::Json;
pub use page::{Listed, Page, PageParams};
pub use patch::Patch;
pub use path::Path;
pub use query::Query;
