//! Everything Recoup knows about language: the local models that need no key, and how they are measured.

pub mod answer;
pub mod eval;
pub mod local;
pub mod retrieval;
