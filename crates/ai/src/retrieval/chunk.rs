//! The unit of knowledge: what is indexed, found, quoted and named as a source.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a chunk was made from; an answer to a FAQ is quoted whole, a passage by sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkKind {
    /// A piece of running text under a heading.
    Passage,
    /// One question (in the heading) with its answer (in the text).
    Faq,
}

/// One piece of knowledge, small enough to be shown to a person as a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Identity of the chunk in the knowledge store.
    pub id: Uuid,
    /// The document it was cut from.
    pub document_id: Uuid,
    /// Title of that document.
    pub title: String,
    /// Headings above the text, outermost first, joined by " › "; for a FAQ, its question.
    pub heading: String,
    /// The text itself, quoted word for word in answers.
    pub text: String,
    /// Passage or FAQ.
    pub kind: ChunkKind,
    /// ISO 639-1 code of the text.
    pub language: String,
    /// True when the text reads like an instruction to a model; such a chunk is never quoted.
    pub suspicious: bool,
    /// Sentence vector of unit length, when an embedder was there at indexing time.
    pub vector: Option<Vec<f32>>,
}

impl Chunk {
    /// A passage with nothing but text; the rest is filled in by the caller where it is known.
    pub fn passage(id: Uuid, language: &str, text: impl Into<String>) -> Self {
        Self {
            id,
            document_id: Uuid::nil(),
            title: String::new(),
            heading: String::new(),
            text: text.into(),
            kind: ChunkKind::Passage,
            language: language.to_owned(),
            suspicious: false,
            vector: None,
        }
    }

    /// A question with its answer.
    pub fn faq(id: Uuid, language: &str, question: impl Into<String>, answer: impl Into<String>) -> Self {
        Self { heading: question.into(), kind: ChunkKind::Faq, ..Self::passage(id, language, answer) }
    }

    /// What an embedder should see: headings carry words that the text under them leaves out.
    pub fn embedding_text(&self) -> String {
        let mut out = String::with_capacity(self.title.len() + self.heading.len() + self.text.len() + 4);
        if self.kind == ChunkKind::Passage && !self.title.is_empty() && !self.heading.starts_with(&self.title) {
            out.push_str(&self.title);
            out.push_str(". ");
        }
        if !self.heading.is_empty() {
            out.push_str(&self.heading);
            out.push_str(". ");
        }
        out.push_str(&self.text);
        out
    }
}
