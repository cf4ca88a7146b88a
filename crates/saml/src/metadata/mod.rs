//! The documents with which the two sides introduce themselves.

mod read;
mod write;

pub use read::{IdentityProvider, MAX_METADATA, MetadataError};
pub use write::ServiceProvider;
