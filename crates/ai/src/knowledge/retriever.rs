//! Asking the knowledge.

use std::sync::Arc;

use kernel::db::Db;
use kernel::ids::{ChunkId, DocumentId, OrgId};
use serde::Serialize;

use super::Indexes;
use crate::answer::{Answer, BrandVoice, answer};
use crate::local::Embedder;
use crate::retrieval::{Chunk, Hit, Index, Question};

/// A chunk found, as a person is shown it.
#[derive(Debug, Clone, Serialize)]
pub struct FoundChunk {
    /// The chunk.
    pub id: ChunkId,
    /// Its document.
    pub document_id: DocumentId,
    /// Title of the document.
    pub title: String,
    /// Heading, or the question of a FAQ.
    pub heading: String,
    /// The text.
    pub text: String,
    /// Fused score, 0–1, comparable within one search.
    pub score: f32,
    /// Whether it reads like an instruction to a model and is therefore never quoted or given to one.
    pub suspicious: bool,
}

/// What the knowledge says to a message.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// The best chunks, best first.
    pub chunks: Vec<FoundChunk>,
    /// The answer made from them, with its confidence.
    pub answer: Answer,
}

/// Searches and answers from an organisation's knowledge. Cheap to clone.
#[derive(Clone)]
pub struct Retriever {
    db: Db,
    indexes: Indexes,
    embedder: Option<Arc<dyn Embedder>>,
}

impl Retriever {
    /// `embedder` must be the one that the [`super::Indexer`] has.
    pub fn new(db: Db, embedder: Option<Arc<dyn Embedder>>) -> Self {
        Self { db, indexes: Indexes::default(), embedder }
    }

    /// The best `k` chunks for a message and the answer made from them.
    pub async fn ask(
        &self,
        org: OrgId,
        message: &str,
        language: &str,
        voice: &BrandVoice,
        k: usize,
    ) -> Result<Asked, anyhow::Error> {
        let index = self.index(org).await?;
        let (message, language, voice) = (message.to_owned(), language.to_owned(), voice.clone());
        let embedder = self.embedder.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let vector = vector(embedder.as_deref(), &index, &message, &language);
            let question = Question { text: &message, language: &language, vector: vector.as_deref() };
            let chunks =
                index.search(&question, k).iter().map(|hit| found(&index.chunks()[hit.position], hit)).collect();
            Asked { chunks, answer: answer(&index, &question, &voice) }
        });
        Ok(asked.await?)
    }

    /// The organisation's index as it is now.
    pub async fn index(&self, org: OrgId) -> Result<Arc<Index>, anyhow::Error> {
        let mut tx = self.db.begin(org).await?;
        let index = self.indexes.get(&mut tx).await?;
        tx.commit().await?;
        Ok(index)
    }
}

/// The question's vector, when the index has vectors of the same length and the language is one the embedder reads.
fn vector(embedder: Option<&dyn Embedder>, index: &Index, message: &str, language: &str) -> Option<Vec<f32>> {
    let embedder = embedder.filter(|e| language == "en" && index.vector_dims() == Some(e.dims()))?;
    embedder.embed(&[message]).pop()
}

fn found(chunk: &Chunk, hit: &Hit) -> FoundChunk {
    FoundChunk {
        id: ChunkId::from_uuid(chunk.id),
        document_id: DocumentId::from_uuid(chunk.document_id),
        title: chunk.title.clone(),
        heading: chunk.heading.clone(),
        text: chunk.text.clone(),
        score: hit.score,
        suspicious: chunk.suspicious,
    }
}
