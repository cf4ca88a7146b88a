//! From a message and an index to a reply with its sources.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::retrieval::{Chunk, ChunkKind, Hit, Index, Question, StaticVectors};

use super::candidates::quote;
use super::confidence::{Basis, Features, confidence, preference};
use super::evidence::Evidence;
use super::lists::Finder;
use super::split::{MAX_QUESTIONS, questions};
use super::{BrandVoice, HUMAN_BELOW, Smalltalk, smalltalk, smalltalk_reply};

/// Chunks looked at closely for each question.
const CANDIDATES: usize = 5;
/// A question with one odd word finds one chunk only; being alone is no merit beyond this.
const LEAD_MOST: f32 = 0.3;
/// Small talk is recognised by exact words; it is as sure as that.
const SMALLTALK_CONFIDENCE: f32 = 0.97;
/// Most that a question about the customer's own record can reach: only a human can look it up.
const OWN_RECORD_MOST: f32 = 0.3;

/// What a reply is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// A template for a greeting, thanks or a goodbye.
    Smalltalk,
    /// Quotes of the knowledge.
    Extracted,
    /// Nothing in the knowledge fits.
    Nothing,
}

/// A place in the knowledge that a reply quotes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The chunk.
    pub chunk_id: Uuid,
    /// Its document.
    pub document_id: Uuid,
    /// Title of the document.
    pub title: String,
    /// Heading or question of the chunk.
    pub heading: String,
    /// The words quoted, as they stand in the chunk.
    pub quote: String,
}

/// A reply, how sure it is, and what it stands on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What it is made from.
    pub kind: AnswerKind,
    /// The reply in the organisation's voice; under [`HUMAN_BELOW`] a suggestion to a human, and empty when there is nothing.
    pub text: String,
    /// Calibrated chance, 0–1, that this answers the message.
    pub confidence: f32,
    /// What it quotes, in order; every fact of the text stands in one of them.
    pub sources: Vec<Source>,
}

impl Answer {
    fn nothing() -> Self {
        Self { kind: AnswerKind::Nothing, text: String::new(), confidence: 0.0, sources: Vec::new() }
    }

    /// Whether a human should answer instead.
    pub fn needs_human(&self) -> bool {
        self.confidence < HUMAN_BELOW
    }
}

/// Answers a message from the knowledge alone. The same input always gives the same answer.
///
/// The question's vector, when it has one, belongs to the whole message; a message with two questions uses words alone.
pub fn answer(index: &Index, question: &Question<'_>, voice: &BrandVoice) -> Answer {
    if let Some(kind) = smalltalk(question.text, question.language) {
        return greet(kind, question.language, voice);
    }
    let parts = questions(question.text, question.language);
    if parts.is_empty() || parts.len() > MAX_QUESTIONS {
        return Answer::nothing();
    }
    let alone = parts.len() == 1;
    let mut sources: Vec<Source> = Vec::new();
    let mut sure: f32 = 1.0;
    for part in &parts {
        let part = Question { text: part, language: question.language, vector: question.vector.filter(|_| alone) };
        let Some(best) = best(index, &part) else { return Answer::nothing() };
        // A reply that answers half of a message is not an answer; the weakest part decides.
        sure = sure.min(best.confidence);
        if !sources.iter().any(|s| s.quote == best.quote) {
            sources.push(source(&index.chunks()[best.position], best.quote));
        }
    }
    let quotes: Vec<&str> = sources.iter().map(|s| s.quote.as_str()).collect();
    Answer { kind: AnswerKind::Extracted, text: voice.dress(&quotes.join("\n\n")), confidence: sure, sources }
}

fn greet(kind: Smalltalk, language: &str, voice: &BrandVoice) -> Answer {
    let text = smalltalk_reply(kind, language, voice);
    Answer { kind: AnswerKind::Smalltalk, text, confidence: SMALLTALK_CONFIDENCE, sources: Vec::new() }
}

fn source(chunk: &Chunk, quote: String) -> Source {
    Source {
        chunk_id: chunk.id,
        document_id: chunk.document_id,
        title: chunk.title.clone(),
        heading: chunk.heading.clone(),
        quote,
    }
}

/// A quote that could answer one question.
pub(crate) struct Candidate {
    pub position: usize,
    pub quote: String,
    pub features: Features,
    pub basis: Basis,
}

/// The best quote for one question, and how sure it is.
struct Best {
    position: usize,
    quote: String,
    confidence: f32,
}

fn best(index: &Index, question: &Question<'_>) -> Option<Best> {
    let candidates = candidates(index, question);
    let choice = candidates.into_iter().map(|c| (preference(&c.features, c.basis), c)).fold(
        None::<(f32, Candidate)>,
        |best, next| match best {
            Some(b) if b.0 >= next.0 => Some(b),
            _ => Some(next),
        },
    )?;
    let Candidate { position, quote, features, basis } = choice.1;
    let mut confidence = confidence(&features, basis);
    if asks_own_record(question.text) {
        confidence = confidence.min(OWN_RECORD_MOST);
    }
    Some(Best { position, quote, confidence })
}

/// Every quote worth comparing, best hit first. Chunks that read like instructions are passed over.
pub(crate) fn candidates(index: &Index, question: &Question<'_>) -> Vec<Candidate> {
    let evidence = Evidence::new(index, question.text, question.language);
    if evidence.is_empty() {
        return Vec::new();
    }
    let gist = (question.language == "en").then(|| StaticVectors::built_in().text(question.text));
    let hits = index.search_with(question, gist.as_deref(), CANDIDATES);
    let leads = leads(&hits);
    let fit = hits.iter().zip(leads).filter(|(h, _)| !index.chunks()[h.position].suspicious);
    fit.filter_map(|(hit, lead)| {
        let (quote, features) = weigh(index, hit, &evidence, gist.as_deref())?;
        let basis = match (hit.meaning != 0.0, index.chunks()[hit.position].language == "en" && gist.is_some()) {
            (true, _) => Basis::Meaning,
            (false, true) => Basis::Gist,
            (false, false) => Basis::Words,
        };
        Some(Candidate { position: hit.position, quote, features: Features { lead, ..features }, basis })
    })
    .collect()
}

/// How far each hit's score is from the best of the others.
fn leads(hits: &[Hit]) -> Vec<f32> {
    let best = hits.first().map_or(0.0, |h| h.score);
    let second = hits.get(1).map_or(0.0, |h| h.score);
    hits.iter()
        .enumerate()
        .map(|(n, h)| if n == 0 { (h.score - second).min(LEAD_MOST) } else { h.score - best })
        .collect()
}

/// The best quote of a hit with what speaks for it; nothing when its chunk has no text.
fn weigh(index: &Index, hit: &Hit, evidence: &Evidence, gist: Option<&[f32]>) -> Option<(String, Features)> {
    let (chunk, apart) = (&index.chunks()[hit.position], index.apart(hit.position));
    let compared = evidence.compare(apart);
    let best = quote(apart, evidence, &compared)?;
    let whole = evidence.coverage(&compared.best_of_all(), apart.kinds);
    let gist = gist.map_or(0.0, |q| q.iter().zip(apart.gist(chunk, best.at).iter()).map(|(a, b)| a * b).sum());
    let features = Features {
        covered: whole.covered,
        missing: whole.missing,
        covered_quote: best.coverage.covered,
        missing_quote: best.coverage.missing,
        expected: best.coverage.expected,
        gist,
        meaning: hit.meaning,
        faq: chunk.kind == ChunkKind::Faq,
        focus: evidence.focus(apart),
        lead: 0.0,
        brevity: 1.0 / (1.0 + evidence.asked() as f32),
        foreign: evidence.foreign(),
    };
    Some((apart.quote(chunk, best.at).to_owned(), features))
}

/// Questions about one's own order, appointment or bill: no document can answer them.
pub(crate) fn asks_own_record(question: &str) -> bool {
    static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new(&["own record"]));
    FINDER.first(&question.to_lowercase()).is_some()
}
