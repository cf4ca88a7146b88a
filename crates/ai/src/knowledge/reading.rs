//! From a document's content to its chunks: pure, so that it can run on any thread.

use documents::{Block, DocumentError};
use kernel::Clock;
use kernel::ids::DocumentId;

use super::chunks::new_id;
use super::document::Stored;
use crate::local::{Language, Reading, language};
use crate::retrieval::Chunk;
use crate::retrieval::chunking::pieces;

/// Text looked at to find a document's language, in characters.
const SAMPLE: usize = 2_000;
/// Chunks made from one document at most.
pub(super) const MAX_CHUNKS: usize = 20_000;

/// What was read.
pub(super) struct Read {
    pub language: String,
    pub chunks: Vec<Chunk>,
}

/// Reads a document into chunks without vectors.
pub(super) fn read(
    stored: &Stored,
    document: DocumentId,
    title: &str,
    told_language: Option<&str>,
    clock: &Clock,
) -> Result<Read, DocumentError> {
    let parsed = stored.read()?;
    let told = told_language.and_then(Language::from_code);
    let language = told.unwrap_or_else(|| detect(&parsed));
    let chunks: Vec<Chunk> = pieces(&parsed)
        .into_iter()
        .take(MAX_CHUNKS)
        .map(|piece| Chunk {
            document_id: document.uuid(),
            title: title.to_owned(),
            suspicious: reads_like_an_instruction(&piece.heading, language)
                || reads_like_an_instruction(&piece.text, language),
            heading: piece.heading,
            kind: piece.kind,
            ..Chunk::passage(new_id(clock), language.code(), piece.text)
        })
        .collect();
    if chunks.is_empty() {
        return Err(DocumentError::NoText);
    }
    Ok(Read { language: language.code().to_owned(), chunks })
}

fn detect(parsed: &documents::Document) -> Language {
    let mut sample = String::new();
    for block in &parsed.blocks {
        let (head, body) = match block {
            Block::Faq { question, answer } => (question.as_str(), answer),
            Block::Section { headings, text } => (headings.last().map_or("", String::as_str), text),
        };
        sample.push_str(head);
        sample.push(' ');
        sample.push_str(body);
        sample.push('\n');
        if sample.len() > SAMPLE {
            break;
        }
    }
    language::detect(&sample, None)
}

/// The same rules that block such a message; here they only keep the chunk from being quoted.
fn reads_like_an_instruction(text: &str, language: Language) -> bool {
    Reading::in_language(text, language, None).injected_by_rule()
}
