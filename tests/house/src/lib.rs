//! Reads the repository so that `tests/` can hold it to its own rules: which crate may import which, which licences and
//! crates are let in, how long a file may be, whether documents point at things that exist.
//!
//! A rule that is enforced here is not repeated in a document; the message of a failing test is the document.

pub mod files;
pub mod licence;
pub mod metadata;
pub mod policy;
