//! How much of a question a text covers, word by word.
//!
//! Each content word of the question has a weight (how rare it is in this knowledge) and a match in the text: the same stem,
//! a synonym, a misspelling, a part of a compound, or a near neighbour among the static vectors. A word that no text of the
//! knowledge has is the surest sign that the answer is not there.

use std::collections::HashMap;

use crate::retrieval::text::{Analyzer, is_stop_word, synonyms, words};
use crate::retrieval::{Index, StaticVectors};

use super::Expected;

/// Cosine from which two words are taken as near, and what a match by it counts at most.
const NEAR: f32 = 0.55;
const NEAR_MOST: f32 = 0.8;
const SYNONYM: f32 = 0.9;
const MISSPELT: f32 = 0.85;
const COMPOUND: f32 = 0.7;
/// Weight of the expected kind of answer beside words that weigh 0–5.
const EXPECTED_WEIGHT: f32 = 1.5;

/// One content word of a question.
struct Asked {
    lower: String,
    term: String,
    others: Vec<String>,
    weight: f32,
    vector: Option<Vec<f32>>,
}

/// A question, taken apart once and compared with many texts.
pub(super) struct Evidence {
    asked: Vec<Asked>,
    expected: Option<Expected>,
    english: bool,
}

/// How well one text covers a question.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Coverage {
    /// Share of the question's weight that is matched, 0–1.
    pub covered: f32,
    /// The heaviest word that is not matched, as a share of the heaviest, 0–1.
    pub missing: f32,
    /// 1 when the expected kind of answer is there, −1 when it is not, 0 when none is expected.
    pub expected: f32,
}

impl Evidence {
    pub(super) fn new(index: &Index, question: &str, language: &str) -> Self {
        let english = language == "en";
        let analyzers = index.analyzers_for(language);
        let own = Analyzer::new(language);
        let expected = Expected::of(question);
        let mut asked: Vec<Asked> = Vec::new();
        for word in words(question, language).filter(|w| !is_stop_word(&w.lower, language)) {
            let term = analyzers.first().map_or_else(|| own.term(&word.lower), |a| a.term(&word.lower));
            if asked.iter().any(|a| a.term == term) || names_expected(&word.lower, expected) {
                continue;
            }
            let others = synonyms(&word.lower, language).iter().map(|s| own.term(s)).chain(analyzers.iter().skip(1).map(|a| a.term(&word.lower))).collect();
            let vector = if english { StaticVectors::built_in().word(&word.lower) } else { None };
            asked.push(Asked { weight: index.bm25().idf(&term).max(0.5), lower: word.lower, term, others, vector });
        }
        Self { asked, expected, english }
    }

    /// Whether there is any content word or expectation to go by.
    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.expected.is_none()
    }

    pub(super) fn expected(&self) -> Option<Expected> {
        self.expected
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.len()
    }

    /// Compares with a text that has been analysed.
    pub(super) fn coverage(&self, text: &Analysed) -> Coverage {
        let mut total = 0.0;
        let mut covered = 0.0;
        let mut heaviest: f32 = 0.0;
        let mut missing: f32 = 0.0;
        for asked in &self.asked {
            let matched = self.matched(asked, text);
            total += asked.weight;
            covered += asked.weight * matched;
            heaviest = heaviest.max(asked.weight);
            missing = missing.max(asked.weight * (1.0 - matched));
        }
        let expected = match self.expected {
            None => 0.0,
            Some(kind) => {
                let there = kind.is_in(&text.raw);
                total += EXPECTED_WEIGHT;
                covered += if there { EXPECTED_WEIGHT } else { 0.0 };
                if there { 1.0 } else { -1.0 }
            }
        };
        Coverage {
            covered: if total > 0.0 { covered / total } else { 0.0 },
            missing: if heaviest > 0.0 { missing / heaviest } else { 0.0 },
            expected,
        }
    }

    fn matched(&self, asked: &Asked, text: &Analysed) -> f32 {
        if text.terms.contains_key(&asked.term) {
            return 1.0;
        }
        let mut best: f32 = 0.0;
        if asked.others.iter().any(|o| text.terms.contains_key(o)) {
            best = SYNONYM;
        }
        for (term, vector) in &text.terms {
            if best >= SYNONYM {
                break;
            }
            if is_misspelling(&asked.term, term) {
                best = best.max(MISSPELT);
            } else if is_compound(&asked.term, term) {
                best = best.max(COMPOUND);
            } else if self.english
                && let (Some(a), Some(b)) = (&asked.vector, vector)
            {
                let cosine: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                if cosine > NEAR {
                    best = best.max(NEAR_MOST * (cosine - NEAR) / (1.0 - NEAR) + 0.2);
                }
            }
        }
        if asked.lower.bytes().all(|b| b.is_ascii_digit()) { best.min(0.0) } else { best.min(SYNONYM) }
    }
}

/// Words like "cost" and "hours" are judged by whether the amount or the time is there, not by the word.
fn names_expected(lower: &str, expected: Option<Expected>) -> bool {
    let list: &[&str] = match expected {
        Some(Expected::Price) => &["price", "prices", "pricing", "cost", "costs", "fee", "fees", "charge", "expensive", "kostet", "kosten", "preis", "preise", "cuesta", "cuestan", "precio", "precios", "vale", "prix", "tarif", "coûte", "coute", "costa", "prezzo"],
        Some(Expected::Time) => &["time", "hours", "open", "close", "opening", "closing", "business", "öffnungszeiten", "geöffnet", "offen", "uhr", "hora", "horario", "horarios", "abren", "cierran", "abierto", "horaires", "ouvert", "heure", "late"],
        Some(Expected::Place) => &["located", "location", "address", "adresse", "dirección", "find", "finde"],
        Some(Expected::Reach) => &["phone", "number", "email", "contact", "reach", "call", "telefonnummer", "teléfono", "address"],
        Some(Expected::Duration) => &["long", "take", "takes", "last", "lange", "dauert", "tarda", "dura", "tiempo", "days", "hours", "minutes", "fast", "soon", "temps"],
        None => &[],
    };
    list.contains(&lower)
}

/// A text, ready to be compared.
pub(super) struct Analysed {
    raw: String,
    terms: HashMap<String, Option<Vec<f32>>>,
}

impl Analysed {
    pub(super) fn new(parts: &[&str], analyzer: &Analyzer) -> Self {
        let english = analyzer.language() == "en";
        let mut terms = HashMap::new();
        for part in parts {
            for word in words(part, analyzer.language()).filter(|w| !is_stop_word(&w.lower, analyzer.language())) {
                let vector = || if english { StaticVectors::built_in().word(&word.lower) } else { None };
                terms.entry(analyzer.term(&word.lower)).or_insert_with(vector);
            }
        }
        Self { raw: parts.join("\n"), terms }
    }
}

/// One letter more, fewer, other or swapped, in words of five letters or more that begin alike.
fn is_misspelling(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if short.len() < 5 || long.len() - short.len() > 1 || short[0] != long[0] || short.iter().any(char::is_ascii_digit) {
        return false;
    }
    let head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let tail = |skip: usize| short.iter().rev().zip(long.iter().rev()).take(short.len() - skip).take_while(|(x, y)| x == y).count();
    if short.len() < long.len() {
        return head + tail(head) >= short.len();
    }
    let differing = short.len() - head - tail(head);
    differing == 1 || differing == 2 && short[head] == long[head + 1] && short[head + 1] == long[head]
}

/// One is the beginning or the end of the other, as in German compounds; both long enough to mean something.
fn is_compound(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.len() >= 5 && long.len() >= short.len() + 3 && (long.starts_with(short) || long.ends_with(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_a_misspelling_and_two_are_not() {
        assert!(is_misspelling("whitening", "whitning") && is_misspelling("insurance", "insurence") && is_misspelling("dentist", "dnetist"));
        assert!(!is_misspelling("price", "prize2") && !is_misspelling("cat", "car") && !is_misspelling("whitening", "whtnng"));
        assert!(!is_misspelling("botox", "detox"));
    }

    #[test]
    fn compounds_share_an_end() {
        assert!(is_compound("parkplatz", "kundenparkplatz") && is_compound("zahnreinigung", "zahnreinigungskosten"));
        assert!(!is_compound("art", "party"));
    }
}
