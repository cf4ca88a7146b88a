//! How much of a question a text covers, word by word.
//!
//! Each content word of the question has a weight (how rare it is in this knowledge) and a match in the text: the same stem,
//! a synonym, a misspelling, a part of a compound, or a near neighbour among the static vectors. A word that no text of the
//! knowledge has is the surest sign that the answer is not there.

use crate::retrieval::text::{Analyzer, is_misspelling, is_stop_word, is_weak, synonym_terms, words};
use crate::retrieval::{Index, StaticVectors, Token};

use super::Expected;
use super::apart::Apart;
use super::expected::Kinds;

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
    term: String,
    others: Vec<String>,
    /// Nothing but digits: such a word is itself or nothing.
    number: bool,
    weight: f32,
    /// How much of a stranger the word is to this knowledge, 0–1.
    foreign: f32,
    /// Only of an English question.
    token: Option<Token>,
}

/// A question, taken apart once and compared with many texts.
pub(super) struct Evidence {
    asked: Vec<Asked>,
    expected: Option<Expected>,
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
        let named: &[&str] = expected.map_or(&[], Expected::names);
        let mut asked: Vec<Asked> = Vec::new();
        for word in words(question, language).filter(|w| !is_stop_word(&w.lower, language)) {
            let term = analyzers.first().map_or_else(|| own.term(&word.lower), |a| a.term(&word.lower));
            if asked.iter().any(|a| a.term == term) || named.contains(&word.lower.as_str()) {
                continue;
            }
            let others: Vec<String> = synonym_terms(&word.lower, language)
                .iter()
                .cloned()
                .chain(analyzers.iter().skip(1).map(|a| a.term(&word.lower)))
                .collect();
            let known = index.bm25().knows(&term)
                || others.iter().any(|o| index.bm25().knows(o))
                || index.bm25().misspelt(&term).is_some();
            let foreign = if known { 0.0 } else { strangeness(&word.lower, language) };
            let token = if english { StaticVectors::built_in().token(&word.lower) } else { None };
            asked.push(Asked {
                weight: index.bm25().idf(&term).max(0.5) * specific(&word.lower, language),
                foreign,
                number: word.lower.bytes().all(|b| b.is_ascii_digit()),
                term,
                others,
                token,
            });
        }
        Self { asked, expected }
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
    pub(super) fn compare(&self, apart: &Apart) -> Compared {
        let width = self.asked.len();
        let mut matches = Vec::with_capacity(apart.words.len() * width);
        for (term, token) in apart.words.iter() {
            matches.extend(self.asked.iter().map(|asked| matched(asked, term, token)));
        }
        Compared { width, matches }
    }

    /// How well some text of a chunk covers the question: `best` is how well each word asked is matched in it, and `kinds`
    /// what it holds.
    pub(super) fn coverage(&self, best: &[f32], kinds: Kinds) -> Coverage {
        let mut total = 0.0;
        let mut covered = 0.0;
        let mut heaviest: f32 = 0.0;
        let mut missing: f32 = 0.0;
        for (asked, matched) in self.asked.iter().zip(best.iter().copied()) {
            total += asked.weight;
            covered += asked.weight * matched;
            heaviest = heaviest.max(asked.weight);
            missing = missing.max(asked.weight * (1.0 - matched));
        }
        let expected = match self.expected {
            None => 0.0,
            Some(kind) => {
                let there = kinds.has(kind);
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
    pub(super) fn focus(&self, apart: &Apart) -> f32 {
        let mut total = 0.0;
        let mut asked = 0.0;
        for word in &apart.subject {
            let term = &*word.term;
            let named = self.expected.is_some_and(|kind| word.names.has(kind));
            let said = |a: &Asked| {
                a.term == term
                    || a.others.iter().any(|other| other == term)
                    || is_misspelling(&a.term, term)
                    || is_compound(&a.term, term)
            };
            total += word.weight;
            asked += if named || self.asked.iter().any(said) { word.weight } else { 0.0 };
        }
        if total > 0.0 { asked / total } else { 1.0 }
    }
}

/// How well a word of a text matches a word asked, 0–1.
fn matched(asked: &Asked, term: &str, token: Option<Token>) -> f32 {
    if asked.term == term {
        return 1.0;
    }
    if asked.number {
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
    let cosine = asked.token.zip(token).and_then(|(a, b)| StaticVectors::built_in().cosine_above(a, b, NEAR));
    cosine.map_or(0.0, |cosine| NEAR_LEAST + (NEAR_MOST - NEAR_LEAST) * (cosine - NEAR) / (1.0 - NEAR))
}

/// How much a word says, from how common it is in its language: "get" and "work" say less than "sauna", whether or not the
/// knowledge has them.
pub(super) fn specific(lower: &str, language: &str) -> f32 {
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

/// The words of a chunk, each with how well it matches every word asked.
pub(super) struct Compared {
    width: usize,
    /// One row a word of the chunk's vocabulary, one number a word asked.
    matches: Vec<f32>,
}

impl Compared {
    /// How well each word asked is matched by the best of some words.
    pub(super) fn best(&self, words: &[u32]) -> Vec<f32> {
        let mut best = vec![0.0; self.width];
        self.raise(&mut best, words);
        best
    }

    /// Raises what is matched already by some more words.
    pub(super) fn raise(&self, best: &mut [f32], words: &[u32]) {
        for word in words {
            let row = &self.matches[*word as usize * self.width..][..self.width];
            best.iter_mut().zip(row).for_each(|(b, m)| *b = b.max(*m));
        }
    }

    /// How well each word asked is matched by the best word of all.
    pub(super) fn best_of_all(&self) -> Vec<f32> {
        let mut best = vec![0.0_f32; self.width];
        for row in self.matches.chunks_exact(self.width.max(1)) {
            best.iter_mut().zip(row).for_each(|(b, m)| *b = b.max(*m));
        }
        best
    }
}

/// One is the beginning or the end of the other, as in German compounds; both long enough to mean something.
fn is_compound(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.len() >= 5 && long.len() >= short.len() + 3 && (long.starts_with(short) || long.ends_with(short))
}

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compounds_share_an_end() {
        assert!(is_compound("parkplatz", "kundenparkplatz") && is_compound("zahnreinigung", "zahnreinigungskosten"));
        assert!(!is_compound("art", "party"));
    }
}
