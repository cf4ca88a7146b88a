//! The API description: made from the rooms' routes, served as OpenAPI 3.1, and readable at `/docs/api`.

mod document;
mod reference;
mod schema;

pub use document::document;
pub(crate) use reference::Reference;
