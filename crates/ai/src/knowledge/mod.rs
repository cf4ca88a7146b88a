//! An organisation's knowledge: documents, FAQs, products and services, kept, read into chunks, and asked.
//!
//! A document is written with its job in one transaction; [`Indexer`] reads it and replaces its chunks; [`Retriever`]
//! answers from an index in memory that is as fresh as the organisation's version number. Text of knowledge is data:
//! a chunk that reads like an instruction to a model is kept for people to see and never quoted.

mod chunks;
mod document;
mod indexer;
mod indexes;
mod reading;
mod retriever;
mod store;

pub use document::{Content, Document, DocumentKind, NewDocument, Offer, Status};
pub use indexer::Indexer;
pub use indexes::Indexes;
pub use retriever::{Asked, FoundChunk, Retriever};
pub use store::{CreateError, create, delete, list, reindex, reindex_all, show};
