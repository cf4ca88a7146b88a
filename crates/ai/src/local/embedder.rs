//! The door to tier 1: anything that turns texts into vectors of one length.
//!
//! The local stages never know which model stands behind it. Vectors are expected to have unit length.

/// Turns texts into vectors; the same text always gives the same vector.
pub trait Embedder: Send + Sync {
    /// Length of every vector this embedder returns.
    fn dims(&self) -> usize;

    /// One unit-length vector per text, in the order given.
    fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>>;
}
