//! The API description: made from the rooms' routes, served as OpenAPI 3.1, and readable at `/docs/api`.

mod description;
mod document;
mod reference;
mod schema;

pub(crate) use description::Description;
pub use document::document;
