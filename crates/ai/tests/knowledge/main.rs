//! Knowledge on a real database: adding, reading, asking, removing, and staying apart.

mod indexing;
mod isolation;
mod setup;
