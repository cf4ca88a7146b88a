//! How much of a question a text covers, word by word.
//!
//! Each content word of the question has a weight (how rare it is in this knowledge) and a match in the text: the same stem,
//! a synonym, a misspelling, a part of a compound, or a near neighbour among the static vectors. A word that no text of the
//! knowledge has is the surest sign that the answer is not there.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use moka::sync::Cache;

use crate::retrieval::text::{Analyzer, is_misspelling, is_stop_word, is_weak, synonyms, words};
use crate::retrieval::{Index, StaticVectors};

use super::Expected;
use super::lists::list;

/// Cosine from which two words are taken as near, and what a match by it counts at most.
const NEAR: f32 = 0.55;
const NEAR_MOST: f32 = 0.75;
const NEAR_LEAST: f32 = 0.3;
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
    /// How much of a stranger the word is to this knowledge, 0–1.
    foreign: f32,
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

/// From this rank on a word that the knowledge lacks is a name or a thing of its own.
const OUTLANDISH: f32 = 12_000.0;

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
            let others: Vec<String> = synonyms(&word.lower, language)
                .iter()
                .map(|s| own.term(s))
                .chain(analyzers.iter().skip(1).map(|a| a.term(&word.lower)))
                .collect();
            let known = index.bm25().knows(&term)
                || others.iter().any(|o| index.bm25().knows(o))
                || index.bm25().misspelt(&term).is_some();
            let foreign = if known { 0.0 } else { strangeness(&word.lower, language) };
            let vector = if english { StaticVectors::built_in().word(&word.lower) } else { None };
            asked.push(Asked {
                weight: index.bm25().idf(&term).max(0.5) * specific(&word.lower, language),
                foreign,
                lower: word.lower,
                term,
                others,
                vector,
            });
        }
        Self { asked, expected, english }
    }

    /// Whether there is any content word or expectation to go by.
    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.expected.is_none()
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.len()
    }

    /// The strangest word of the question, 0–1: 0 when the knowledge has them all, 1 for a name it never mentions.
    pub(super) fn foreign(&self) -> f32 {
        self.asked.iter().map(|a| a.foreign).fold(0.0, f32::max)
    }

    /// Compares every word of a chunk with every word asked, once; its sentences are then judged from that.
    pub(super) fn compare(&self, parts: &[&str], analyzer: &Analyzer) -> Compared {
        let mut terms: HashMap<String, Vec<f32>> = HashMap::new();
        for part in parts {
            for word in content_of(part, analyzer).iter() {
                if !terms.contains_key(&word.term) {
                    terms.insert(word.term.clone(), self.matches(&word.term, &word.lower));
                }
            }
        }
        Compared { terms }
    }

    /// How well some text of a chunk covers the question.
    pub(super) fn coverage(&self, parts: &[&str], compared: &Compared, analyzer: &Analyzer) -> Coverage {
        let mut best = vec![0.0_f32; self.asked.len()];
        for part in parts {
            for word in content_of(part, analyzer).iter() {
                let Some(matches) = compared.terms.get(&word.term) else { continue };
                best.iter_mut().zip(matches).for_each(|(b, m)| *b = b.max(*m));
            }
        }
        let mut total = 0.0;
        let mut covered = 0.0;
        let mut heaviest: f32 = 0.0;
        let mut missing: f32 = 0.0;
        for (asked, matched) in self.asked.iter().zip(best) {
            total += asked.weight;
            covered += asked.weight * matched;
            heaviest = heaviest.max(asked.weight);
            missing = missing.max(asked.weight * (1.0 - matched));
        }
        let expected = match self.expected {
            None => 0.0,
            Some(kind) => {
                let there = parts.iter().any(|p| kind.is_in(p));
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

    /// Share of a heading's words that the question asks for, 0–1: a FAQ on freezing a membership is about more than a question
    /// on the membership. One for an empty heading.
    pub(super) fn focus(&self, index: &Index, heading: &str, analyzer: &Analyzer) -> f32 {
        let mut total = 0.0;
        let mut asked = 0.0;
        for word in content_of(heading, analyzer).iter() {
            let term = &word.term;
            let weight = index.bm25().idf(term).max(0.5) * specific(&word.lower, analyzer.language());
            let named = self.expected.is_some() && names_expected(&word.lower, self.expected);
            let said = |a: &Asked| {
                a.term == *term
                    || a.others.contains(term)
                    || is_misspelling(&a.term, term)
                    || is_compound(&a.term, term)
            };
            total += weight;
            asked += if named || self.asked.iter().any(said) { weight } else { 0.0 };
        }
        if total > 0.0 { asked / total } else { 1.0 }
    }

    /// How well one word of a text matches each word asked, 0–1.
    fn matches(&self, term: &str, lower: &str) -> Vec<f32> {
        // Looked up only when a word needs it: most match exactly or not at all.
        let vector = OnceCell::new();
        let vector = || {
            vector.get_or_init(|| if self.english { StaticVectors::built_in().word(lower) } else { None }).as_deref()
        };
        self.asked.iter().map(|asked| matched(asked, term, vector)).collect()
    }
}

fn matched<'a>(asked: &Asked, term: &str, vector: impl FnOnce() -> Option<&'a [f32]>) -> f32 {
    if asked.term == term {
        return 1.0;
    }
    if asked.lower.bytes().all(|b| b.is_ascii_digit()) {
        return 0.0;
    }
    if asked.others.iter().any(|o| o == term) {
        return SYNONYM;
    }
    if is_misspelling(&asked.term, term) {
        return MISSPELT;
    }
    if is_compound(&asked.term, term) {
        return COMPOUND;
    }
    let (Some(a), Some(b)) = (&asked.vector, vector()) else { return 0.0 };
    let cosine: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    if cosine <= NEAR {
        return 0.0;
    }
    NEAR_LEAST + (NEAR_MOST - NEAR_LEAST) * (cosine - NEAR) / (1.0 - NEAR)
}

/// How much a word says, from how common it is in its language: "get" and "work" say less than "sauna", whether or not the
/// knowledge has them.
fn specific(lower: &str, language: &str) -> f32 {
    const COMMON: f32 = 200.0;
    const RARE: f32 = 6_000.0;
    const LEAST: f32 = 0.25;
    if language == "en" {
        let Some(rank) = StaticVectors::built_in().rank(lower) else { return 1.0 };
        return ((rank as f32 / COMMON).max(1.0).ln() / (RARE / COMMON).ln()).clamp(LEAST, 1.0);
    }
    if is_weak(lower, language) { LEAST } else { 1.0 }
}

fn strangeness(lower: &str, language: &str) -> f32 {
    if language != "en" {
        return if is_weak(lower, language) { 0.0 } else { 0.7 };
    }
    let rank = StaticVectors::built_in().rank(lower).map_or(OUTLANDISH, |r| r as f32);
    (rank / OUTLANDISH).min(1.0).sqrt()
}

/// Words like "cost" and "hours" are judged by whether the amount or the time is there, not by the word.
fn names_expected(lower: &str, expected: Option<Expected>) -> bool {
    let name = match expected {
        Some(Expected::Price) => "names.price",
        Some(Expected::Time) => "names.time",
        Some(Expected::Place) => "names.place",
        Some(Expected::Reach) => "names.reach",
        Some(Expected::Duration) => "names.duration",
        None => return false,
    };
    list(name).contains(&lower)
}

/// A content word of a text of the knowledge, and its term.
struct Content {
    lower: String,
    term: String,
}

/// How many texts of the knowledge are kept taken apart: the sentences of a few thousand documents.
const TAKEN_APART: u64 = 50_000;
/// Longer texts are rare, and would fill the memory.
const LONGEST_KEPT: usize = 4_000;

/// The content words of a text of the knowledge. It is the same for every question, so each text is taken apart once; questions
/// are not kept.
fn content_of(text: &str, analyzer: &Analyzer) -> Arc<[Content]> {
    static KEPT: LazyLock<Cache<[u64; 2], Arc<[Content]>>> = LazyLock::new(|| Cache::new(TAKEN_APART));
    static STATES: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    let take_apart = || {
        words(text, analyzer.language())
            .filter(|word| !is_stop_word(&word.lower, analyzer.language()))
            .map(|word| Content { term: analyzer.term(&word.lower), lower: word.lower })
            .collect()
    };
    if text.len() > LONGEST_KEPT {
        return take_apart();
    }
    // Two keyed hashes of 64 bits each: no two texts meet in both.
    let key = STATES.each_ref().map(|state| state.hash_one((analyzer.language(), text)));
    KEPT.get_with(key, take_apart)
}

/// The words of a chunk, each with how well it matches every word asked.
pub(super) struct Compared {
    terms: HashMap<String, Vec<f32>>,
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
    fn compounds_share_an_end() {
        assert!(is_compound("parkplatz", "kundenparkplatz") && is_compound("zahnreinigung", "zahnreinigungskosten"));
        assert!(!is_compound("art", "party"));
    }
}
