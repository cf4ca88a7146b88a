//! Are extracted answers true, and does the program know when it does not know?
//!
//! A case is right when an answerable question is answered with the gold text at 0.4 or more, or when an unanswerable one
//! stays under 0.4 and so goes to a human. Handing an answerable question to a human is safe but counted apart, as a miss.

use serde::Serialize;

use super::measures::calibration_error;
use super::own_faq::{Business, flat};
use crate::answer::{Answer, BrandVoice, FEATURES, HUMAN_BELOW, answer, asks_own_record, candidate_quotes};
use crate::local::embedder::Embedder;
use crate::retrieval::{Index, Question};

/// What came of the questions.
#[derive(Debug, Default, Clone, Serialize)]
pub struct AnswerReport {
    /// Answerable questions.
    pub answerable: usize,
    /// Of those, answered with the gold text.
    pub answered: usize,
    /// Of those, handed to a human.
    pub handed_over: usize,
    /// Questions the knowledge does not answer.
    pub unanswerable: usize,
    /// Of those, handed to a human.
    pub refused: usize,
    /// Replies given, at 0.4 or more.
    pub replies: usize,
    /// Of those, replies whose every quote stands in its chunk word for word.
    pub verbatim: usize,
    /// Expected calibration error over ten bins.
    pub calibration_error: f64,
    /// What went wrong, for a person to read.
    pub wrong: Vec<String>,
}

impl AnswerReport {
    /// Share of replies that quote only what is there.
    pub fn faithful(&self) -> f64 {
        ratio(self.verbatim, self.replies)
    }

    /// Share of unanswerable questions that went to a human.
    pub fn refusal(&self) -> f64 {
        ratio(self.refused, self.unanswerable)
    }

    /// Share of replies to answerable questions that hold the gold text.
    pub fn precision(&self) -> f64 {
        ratio(self.answered, self.answerable - self.handed_over)
    }

    /// Share of answerable questions that were answered rightly.
    pub fn recall(&self) -> f64 {
        ratio(self.answered, self.answerable)
    }
}

/// Asks every question of every business.
pub fn answers(businesses: &[Business], embedder: Option<&dyn Embedder>) -> AnswerReport {
    let mut report = AnswerReport::default();
    let mut calibration: Vec<(f32, bool)> = Vec::new();
    for business in businesses {
        let index = Index::build(business.chunks.clone());
        let voice = BrandVoice { max_chars: 0, ..BrandVoice::default() };
        for asked in &business.asked {
            let vector = embedder.filter(|_| business.language == "en").and_then(|e| e.embed(&[&asked.q]).pop());
            let question = Question { text: &asked.q, language: &business.language, vector: vector.as_deref() };
            let given = answer(&index, &question, &voice);
            let right = asked.a.as_deref().is_some_and(|gold| flat(&given.text).contains(&flat(gold)));
            calibration.push((given.confidence, right));
            count(&mut report, asked.a.is_some(), right, &given);
            note(&mut report, business, &asked.q, asked.a.is_some(), right, &given);
            if !given.needs_human() {
                report.replies += 1;
                report.verbatim += usize::from(stands_in(&given, &index));
            }
        }
    }
    report.calibration_error = calibration_error(&calibration);
    report
}

/// What the confidence model sees of one candidate.
#[derive(Debug, Serialize)]
pub struct CandidateLine {
    business: String,
    question: String,
    answerable: bool,
    /// A question about the customer's own record, which a rule hands to a human.
    own: bool,
    right: bool,
    features: [f32; FEATURES.len()],
    quote: String,
}

/// Every candidate of every question, for fitting.
pub fn candidate_lines(businesses: &[Business], embedder: Option<&dyn Embedder>) -> Vec<CandidateLine> {
    let mut out = Vec::new();
    for business in businesses {
        let index = Index::build(business.chunks.clone());
        for asked in &business.asked {
            let vector = embedder.filter(|_| business.language == "en").and_then(|e| e.embed(&[&asked.q]).pop());
            let question = Question { text: &asked.q, language: &business.language, vector: vector.as_deref() };
            for candidate in candidate_quotes(&index, &question) {
                out.push(CandidateLine {
                    business: business.name.clone(),
                    question: asked.q.clone(),
                    answerable: asked.a.is_some(),
                    own: asks_own_record(&asked.q),
                    right: asked.a.as_deref().is_some_and(|gold| flat(&candidate.quote).contains(&flat(gold))),
                    features: candidate.features.to_array(),
                    quote: candidate.quote,
                });
            }
        }
    }
    out
}

fn count(report: &mut AnswerReport, answerable: bool, right: bool, given: &Answer) {
    let human = given.confidence < HUMAN_BELOW;
    if answerable {
        report.answerable += 1;
        report.handed_over += usize::from(human);
        report.answered += usize::from(right && !human);
    } else {
        report.unanswerable += 1;
        report.refused += usize::from(human);
    }
}

fn note(report: &mut AnswerReport, business: &Business, question: &str, answerable: bool, right: bool, given: &Answer) {
    let human = given.needs_human();
    let what = match (answerable, human, right) {
        (true, true, _) => "handed over",
        (true, false, false) => "answered wrongly",
        (false, false, _) => "answered without knowing",
        _ => return,
    };
    let quote = given.sources.first().map_or("", |s| s.quote.as_str());
    report.wrong.push(format!("{} · {what} ({:.2}) · {question} · {}", business.name, given.confidence, flat(quote)));
}

/// Every quote stands in the chunk it names, and the reply is made of quotes alone.
fn stands_in(given: &Answer, index: &Index) -> bool {
    let quoted =
        given.sources.iter().all(|s| index.chunks().iter().any(|c| c.id == s.chunk_id && c.text.contains(&s.quote)));
    let joined = given.sources.iter().map(|s| s.quote.as_str()).collect::<Vec<_>>().join("\n\n");
    given.sources.is_empty() || quoted && given.text == joined
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
