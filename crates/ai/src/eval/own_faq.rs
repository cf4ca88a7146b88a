//! The project's own businesses with what their customers ask (`eval/own/faq`).

use anyhow::{Context, Result};
use documents::FileKind;
use serde::Deserialize;
use uuid::Uuid;

use crate::local::embedder::Embedder;
use crate::retrieval::chunking::pieces;
use crate::retrieval::{Chunk, ChunkKind};

macro_rules! files {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../../eval/own/faq/", $name, ".md")),
            include_str!(concat!("../../../../eval/own/faq/", $name, ".jsonl")),
        )
    };
}

/// One question to a business.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    /// What the customer writes.
    pub q: String,
    /// A piece of the text that answers it; nothing when the knowledge does not.
    pub a: Option<String>,
    /// For an unanswerable one: `near`, `far` or `own`.
    pub about: Option<String>,
}

/// A business, its knowledge in chunks, and what it is asked.
pub struct Business {
    /// Begins with the language.
    pub name: String,
    /// ISO 639-1 code.
    pub language: String,
    /// Its knowledge, chunked as an upload would be.
    pub chunks: Vec<Chunk>,
    /// What its customers ask.
    pub asked: Vec<Asked>,
}

/// Name, knowledge and questions of each business.
const FILES: [(&str, &str, &str); 6] = [
    files!("de-physio"),
    files!("en-dental"),
    files!("en-fitness"),
    files!("en-garage"),
    files!("en-outdoor"),
    files!("es-restaurante"),
];

/// Every business, its English chunks with vectors when there is an embedder.
///
/// # Errors
/// When a line is malformed, or a gold answer does not stand in any chunk.
pub fn businesses(embedder: Option<&dyn Embedder>) -> Result<Vec<Business>> {
    FILES.iter().map(|(name, knowledge, questions)| business(name, knowledge, questions, embedder)).collect()
}

fn business(name: &str, knowledge: &str, questions: &str, embedder: Option<&dyn Embedder>) -> Result<Business> {
    let language = name.get(..2).context("a language in the name")?.to_owned();
    let document = documents::parse(FileKind::Markdown, knowledge.as_bytes())?;
    let title = document.title.clone().unwrap_or_default();
    let mut chunks: Vec<Chunk> = pieces(&document)
        .into_iter()
        .enumerate()
        .map(|(n, piece)| Chunk {
            title: title.clone(),
            heading: piece.heading,
            kind: piece.kind,
            ..Chunk::passage(Uuid::from_u128(n as u128 + 1), &language, piece.text)
        })
        .collect();
    if let Some(embedder) = embedder.filter(|_| language == "en") {
        let texts: Vec<String> = chunks.iter().map(Chunk::embedding_text).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for (chunk, vector) in chunks.iter_mut().zip(embedder.embed(&texts)) {
            chunk.vector = Some(vector);
        }
    }
    let asked: Vec<Asked> = questions
        .lines()
        .map(|l| serde_json::from_str(l).with_context(|| format!("{name}: {l}")))
        .collect::<Result<_>>()?;
    for a in asked.iter().filter_map(|q| q.a.as_deref()) {
        anyhow::ensure!(chunks.iter().any(|c| holds(c, a)), "{name}: no chunk holds {a:?}");
    }
    Ok(Business { name: name.to_owned(), language, chunks, asked })
}

/// Whether a chunk holds a gold answer.
pub fn holds(chunk: &Chunk, answer: &str) -> bool {
    flat(&chunk.text).contains(&flat(answer))
        || chunk.kind == ChunkKind::Faq && flat(&chunk.heading).contains(&flat(answer))
}

/// On one line, so that a gold answer may span two.
pub(crate) fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
