//! Everything Recoup knows about language: the local models that need no key, and how they are measured.

pub mod answer;
pub mod decision;
pub mod eval;
pub mod gateway;
pub mod knowledge;
pub mod local;
pub mod privacy;
pub mod prompts;
pub mod retrieval;
