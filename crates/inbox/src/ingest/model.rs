//! Asking a model for the reply, with the same knowledge the local answer was made from. Never within a transaction.

use ai::answer::{Answer, AnswerKind, Source};
use ai::decision::Decision;
use ai::gateway::{Gateway, Origin, ReplyAsk, Tier, Turn};
use ai::retrieval::{Chunk, Question};

use super::turn::Said;
use crate::brain::Mind;

/// Chunks given to a model.
const CHUNKS: usize = 5;

/// What a model is asked.
pub(super) struct Asked<'a> {
    pub mind: &'a Mind,
    pub text: &'a str,
    pub language: &'a str,
    pub vector: Option<&'a [f32]>,
    /// What the contact said since the last answer.
    pub history: &'a [Said],
}

/// The model's answer, or the local one where no model did better; the second value tells that no model could be asked.
pub(super) async fn ask(
    gateway: &Gateway,
    decision: &mut Decision,
    asked: &Asked<'_>,
    local: Answer,
) -> (Answer, bool) {
    let index = &asked.mind.index;
    let hits = index.search(&Question { text: asked.text, language: asked.language, vector: asked.vector }, CHUNKS);
    // A passage that reads like an instruction is never given to a model.
    let chunks: Vec<&Chunk> =
        hits.iter().map(|hit| &index.chunks()[hit.position]).filter(|chunk| !chunk.suspicious).collect();
    let earlier = asked.history.len().saturating_sub(1);
    let history: Vec<Turn> =
        asked.history[..earlier].iter().map(|said| Turn { customer: true, text: said.body.clone() }).collect();
    let guidelines = format!("{}\n{}", asked.mind.brand.style, asked.mind.brand.guidelines);
    let version = knowledge_version(index.chunks());
    let ask = ReplyAsk {
        question: asked.text,
        language: asked.language,
        history: &history,
        chunks: &chunks,
        voice: &asked.mind.voice,
        guidelines: guidelines.trim(),
        knowledge_version: &version,
        personal: !ai::local::pii::find(asked.text).is_empty(),
        local: &local,
        tier: Tier::Fast,
    };
    let reply = gateway.reply(decision, &ask).await;
    if reply.origin == Origin::Local {
        return (local, reply.unanswered.is_some());
    }
    let sources = chunks.iter().filter(|chunk| reply.sources.contains(&chunk.id)).map(|chunk| source(chunk)).collect();
    (Answer { kind: AnswerKind::Extracted, text: reply.text, confidence: reply.confidence, sources }, false)
}

fn source(chunk: &Chunk) -> Source {
    Source {
        chunk_id: chunk.id,
        document_id: chunk.document_id,
        title: chunk.title.clone(),
        heading: chunk.heading.clone(),
        quote: chunk.text.clone(),
    }
}

/// Changes with the knowledge: its size and its newest chunk (ids are ordered by time).
fn knowledge_version(chunks: &[Chunk]) -> String {
    let newest = chunks.iter().map(|chunk| chunk.id).max().unwrap_or_default();
    format!("{}:{newest}", chunks.len())
}
