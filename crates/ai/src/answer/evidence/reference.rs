//! The same evidence word for word and without anything kept, to hold the quick way to it.

use std::collections::HashMap;

use super::super::apart::content;
use super::super::candidates::{extend, spans};
use super::*;
use crate::answer::candidate_quotes;
use crate::eval::own_faq::{Business, businesses};
use crate::retrieval::chunking::HEADING_SEPARATOR;
use crate::retrieval::text::synonyms;
use crate::retrieval::{Chunk, ChunkKind, Question};

struct Word {
    lower: String,
    term: String,
    others: Vec<String>,
    weight: f32,
}

struct Slow<'a> {
    index: &'a Index,
    language: &'a str,
    asked: Vec<Word>,
    expected: Option<Expected>,
}

type Matches = HashMap<String, Vec<f32>>;

impl<'a> Slow<'a> {
    fn new(index: &'a Index, question: &str, language: &'a str) -> Self {
        let expected = Expected::of(question);
        let analyzers = index.analyzers_for(language);
        let own = Analyzer::new(language);
        let mut asked: Vec<Word> = Vec::new();
        for word in words(question, language).filter(|w| !is_stop_word(&w.lower, language)) {
            let term = analyzers.first().map_or_else(|| own.term(&word.lower), |a| a.term(&word.lower));
            let named = expected.is_some_and(|kind| kind.names().contains(&word.lower.as_str()));
            if named || asked.iter().any(|a| a.term == term) {
                continue;
            }
            let mut others: Vec<String> = synonyms(&word.lower, language).iter().map(|s| own.term(s)).collect();
            others.extend(analyzers.iter().skip(1).map(|a| a.term(&word.lower)));
            let weight = index.bm25().idf(&term).max(0.5) * specific(&word.lower, language);
            asked.push(Word { lower: word.lower, term, others, weight });
        }
        Self { index, language, asked, expected }
    }

    fn compare(&self, parts: &[&str], analyzer: &Analyzer) -> Matches {
        let mut terms = Matches::new();
        for word in parts.iter().flat_map(|part| content(part, analyzer)) {
            let matched = || self.asked.iter().map(|asked| self.matched(asked, &word.term, &word.lower)).collect();
            terms.entry(word.term.clone()).or_insert_with(matched);
        }
        terms
    }

    fn matched(&self, asked: &Word, term: &str, lower: &str) -> f32 {
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
        let vector = |word: &str| StaticVectors::built_in().word(word).filter(|_| self.language == "en");
        let (Some(a), Some(b)) = (vector(&asked.lower), vector(lower)) else { return 0.0 };
        let cosine: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
        if cosine <= NEAR {
            return 0.0;
        }
        NEAR_LEAST + (NEAR_MOST - NEAR_LEAST) * (cosine - NEAR) / (1.0 - NEAR)
    }

    fn coverage(&self, parts: &[&str], terms: &Matches, analyzer: &Analyzer) -> Coverage {
        let mut best = vec![0.0_f32; self.asked.len()];
        for word in parts.iter().flat_map(|part| content(part, analyzer)) {
            let Some(matches) = terms.get(&word.term) else { continue };
            best.iter_mut().zip(matches).for_each(|(b, m)| *b = b.max(*m));
        }
        let (mut total, mut covered, mut heaviest, mut missing) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
        for (asked, matched) in self.asked.iter().zip(best) {
            total += asked.weight;
            covered += asked.weight * matched;
            heaviest = heaviest.max(asked.weight);
            missing = missing.max(asked.weight * (1.0 - matched));
        }
        let there = self.expected.map(|kind| parts.iter().any(|part| kind.is_in(part)));
        total += there.map_or(0.0, |_| EXPECTED_WEIGHT);
        covered += if there == Some(true) { EXPECTED_WEIGHT } else { 0.0 };
        Coverage {
            covered: if total > 0.0 { covered / total } else { 0.0 },
            missing: if heaviest > 0.0 { missing / heaviest } else { 0.0 },
            expected: there.map_or(0.0, |there| if there { 1.0 } else { -1.0 }),
        }
    }

    fn focus(&self, heading: &str, analyzer: &Analyzer) -> f32 {
        let (mut total, mut asked) = (0.0, 0.0);
        for word in content(heading, analyzer) {
            let weight = self.index.bm25().idf(&word.term).max(0.5) * specific(&word.lower, analyzer.language());
            let named = self.expected.is_some_and(|kind| kind.names().contains(&word.lower.as_str()));
            let said = |a: &Word| {
                a.term == word.term
                    || a.others.contains(&word.term)
                    || is_misspelling(&a.term, &word.term)
                    || is_compound(&a.term, &word.term)
            };
            total += weight;
            asked += if named || self.asked.iter().any(said) { weight } else { 0.0 };
        }
        if total > 0.0 { asked / total } else { 1.0 }
    }

    /// The words quoted, and the two coverages.
    fn quote(&self, chunk: &Chunk, analyzer: &Analyzer) -> (String, Coverage, Coverage) {
        let parts = [chunk.title.as_str(), &chunk.heading, &chunk.text];
        let terms = self.compare(&parts, analyzer);
        let whole = self.coverage(&parts, &terms, analyzer);
        let covers = |text: &str| self.coverage(&[&chunk.heading, text], &terms, analyzer);
        if chunk.kind == ChunkKind::Faq {
            return (chunk.text.trim().to_owned(), covers(&chunk.text), whole);
        }
        let spans = spans(&chunk.text);
        let mut best: Option<(usize, f32)> = None;
        for (at, span) in spans.iter().enumerate() {
            let text = &chunk.text[span.clone()];
            let (both, alone) = (covers(text), self.coverage(&[text], &terms, analyzer));
            let value = both.covered + 0.5 * alone.covered + 0.1 * both.expected;
            best = if best.is_some_and(|b| b.1 >= value) { best } else { Some((at, value)) };
        }
        let Some((at, _)) = best else { return (String::new(), Coverage::default(), whole) };
        let text = chunk.text[extend(&chunk.text, &spans, at)].trim().to_owned();
        let coverage = covers(&text);
        (text, coverage, whole)
    }
}

fn check(business: &Business, index: &Index, question: &str) -> usize {
    let slow = Slow::new(index, question, &business.language);
    let found = candidate_quotes(index, &Question::new(question, &business.language));
    for candidate in &found {
        let chunk = &index.chunks()[candidate.position];
        let analyzer = Analyzer::new(&chunk.language);
        let (quote, coverage, whole) = slow.quote(chunk, &analyzer);
        let near = match chunk.kind {
            ChunkKind::Faq => chunk.heading.clone(),
            ChunkKind::Passage => format!("{}. {}", chunk.heading, quote),
        };
        let built_in = StaticVectors::built_in();
        let dot = || built_in.text(question).iter().zip(built_in.text(&near)).map(|(a, b)| a * b).sum::<f32>();
        let gist = if business.language == "en" { dot() } else { 0.0 };
        let focus = slow.focus(chunk.heading.rsplit(HEADING_SEPARATOR).next().unwrap_or_default(), &analyzer);
        let features = candidate.features;
        let quick = [
            features.covered,
            features.missing,
            features.covered_quote,
            features.missing_quote,
            features.expected,
            features.gist,
            features.focus,
        ];
        let plain = [whole.covered, whole.missing, coverage.covered, coverage.missing, coverage.expected, gist, focus];
        assert_eq!(candidate.quote, quote, "{question}");
        assert_eq!(quick.map(f32::to_bits), plain.map(f32::to_bits), "{question}: {quick:?} {plain:?}");
    }
    found.len()
}

#[test]
fn what_is_kept_of_a_chunk_changes_no_number() {
    let mut compared = 0;
    for business in businesses(None).unwrap() {
        let index = Index::build(business.chunks.clone());
        for asked in business.asked.iter().step_by(3) {
            compared += check(&business, &index, &asked.q);
        }
        for question in
            ["Is the moday claas free, or 24 euros? And the whitning", "wo ist der kundenparkplatz 24/7", "¿?"]
        {
            compared += check(&business, &index, question);
        }
    }
    assert!(compared > 200, "{compared}");
}
