//! `POST /v2/knowledge/test`: what the bot would find and say, without anybody hearing it.

use ai::answer::{Answer, Source, answer};
use ai::retrieval::Question;
use axum::extract::State;
use kernel::ids::{ChunkId, DocumentId, OrgId};
use serde::{Deserialize, Serialize};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use crate::brain::Brain;
use crate::core::Core;

/// Chunks shown.
const SHOWN: usize = 6;

/// A question to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionIn {
    /// As a contact would write it, up to 2,000 characters.
    question: String,
}

/// What the knowledge says to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Asked {
    /// What was found, best first.
    pub chunks: Vec<ChunkOut>,
    /// What the bot would say.
    pub answer: AnswerOut,
}

impl Asked {
    /// Whether the answer quotes a piece.
    pub(crate) fn quotes(&self, chunk: &ChunkOut) -> bool {
        self.answer.sources.iter().any(|source| source.chunk_id == chunk.id)
    }
}

/// A piece of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChunkOut {
    pub id: ChunkId,
    pub document_id: DocumentId,
    pub title: String,
    pub heading: String,
    pub text: String,
    /// 0 to 1, comparable within one question.
    pub score: f32,
    /// Whether it reads like an instruction to a model; such a piece is never quoted.
    pub suspicious: bool,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnswerOut {
    pub text: String,
    /// The calibrated chance, 0 to 1, that it answers the question.
    pub confidence: f32,
    /// Whether a person would be asked instead.
    pub needs_person: bool,
    pub sources: Vec<SourceOut>,
}

/// What an answer quotes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceOut {
    pub chunk_id: ChunkId,
    pub document_id: DocumentId,
    pub title: String,
    pub heading: String,
    pub quote: String,
}

impl AnswerOut {
    fn of(answer: Answer, least: f32) -> Self {
        let needs_person = answer.needs_human() || answer.confidence < least;
        let Answer { kind: _, text, confidence, sources } = answer;
        Self { text, confidence, needs_person, sources: sources.into_iter().map(SourceOut::from).collect() }
    }
}

impl From<Source> for SourceOut {
    fn from(source: Source) -> Self {
        let Source { chunk_id, document_id, title, heading, quote } = source;
        Self {
            chunk_id: ChunkId::from_uuid(chunk_id),
            document_id: DocumentId::from_uuid(document_id),
            title,
            heading,
            quote,
        }
    }
}

/// Finds and answers as a turn of the bot would.
pub(crate) async fn ask(core: &Core, org: OrgId, question: &str) -> Result<Asked, AppError> {
    let text = crate::ingest::clean(question.trim());
    if text.is_empty() || text.chars().count() > 2_000 {
        return Err(AppError::field("question", "must have 1 to 2,000 characters"));
    }
    // Whoever tests has just changed something, perhaps through another process.
    core.brain.forget(org).await;
    let mind = core.brain.of(org).await?;
    let vector = core.brain.vectors(vec![text.clone()]).await.pop().flatten();
    let language = Brain::answer_language(core.brain.read(&text, None, None).language);
    let work = tokio::task::spawn_blocking(move || {
        let vector = vector.filter(|vector| language == "en" && mind.index.vector_dims() == Some(vector.len()));
        let question = Question { text: &text, language, vector: vector.as_deref() };
        let chunks = mind.index.search(&question, SHOWN).into_iter().map(|hit| {
            let chunk = &mind.index.chunks()[hit.position];
            ChunkOut {
                id: ChunkId::from_uuid(chunk.id),
                document_id: DocumentId::from_uuid(chunk.document_id),
                title: chunk.title.clone(),
                heading: chunk.heading.clone(),
                text: chunk.text.clone(),
                score: hit.score,
                suspicious: chunk.suspicious,
            }
        });
        Asked {
            chunks: chunks.collect(),
            answer: AnswerOut::of(answer(&mind.index, &question, &mind.voice), mind.auto_reply.min_confidence),
        }
    });
    work.await.map_err(AppError::internal)
}

/// Try a question: the chunks found and the answer made from them. Nothing is sent.
#[utoipa::path(post, path = "/v2/knowledge/test", tag = "knowledge", request_body = QuestionIn, responses((status = 200, body = Asked)))]
pub(crate) async fn test_question(
    by: Allowed<View>,
    State(core): State<Core>,
    Json(given): Json<QuestionIn>,
) -> Result<Json<Asked>, AppError> {
    Ok(Json(ask(&core, by.org(), &given.question).await?))
}
