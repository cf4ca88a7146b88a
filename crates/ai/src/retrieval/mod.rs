//! Finding the pieces of an organisation's knowledge that a question is about, without any network.
//!
//! Tier 0 is BM25 over stemmed words, fused with static token vectors that live in the repository. Tier 1 adds
//! sentence vectors from an [`crate::local::embedder::Embedder`] or a provider. An [`Index`] is immutable: when knowledge
//! changes, a new one is built and swapped in, so searching needs no lock.
//!
//! Rules a newcomer would break: sentence vectors of an English-only model are used for English questions only, because
//! they make other languages worse; and text from knowledge is data, never an instruction, wherever it goes.

mod bm25;
mod chunk;
pub mod chunking;
mod fuse;
mod index;
mod static_vectors;
pub mod text;

pub use bm25::{Bm25, Posting};
pub use chunk::{Chunk, ChunkKind};
pub use fuse::{fuse_min_max, fuse_ranks};
pub use index::{Hit, Index, Question};
pub use static_vectors::StaticVectors;
pub(crate) use static_vectors::Token;
