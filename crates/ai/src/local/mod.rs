//! The models that need no key: small, deterministic, in the repository, and measured by `recoup eval`.

pub mod embedder;
