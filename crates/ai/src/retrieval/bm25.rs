//! Okapi BM25 with every term's contribution worked out at build time.
//!
//! Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the never-negative idf
//! ln(1 + (N − n + 0.5) / (n + 0.5)). A search only adds up stored impacts.

use std::collections::HashMap;
use std::sync::Arc;

use super::text::is_misspelling;

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// How much a term adds to the score of one chunk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posting {
    /// Position of the chunk.
    pub chunk: u32,
    /// Score that one mention of the term in a question adds.
    pub impact: f32,
}

/// An immutable inverted index.
#[derive(Debug, Default)]
pub struct Bm25 {
    terms: HashMap<Arc<str>, u32>,
    /// The same terms in the order of their letters, for those that begin alike.
    sorted: Vec<Arc<str>>,
    idf: Vec<f32>,
    postings: Vec<Vec<Posting>>,
    chunks: usize,
}

impl Bm25 {
    /// Builds the index from the terms of each chunk, in order.
    pub fn build<'a>(documents: impl IntoIterator<Item = &'a [String]>) -> Self {
        let mut terms: HashMap<Arc<str>, u32> = HashMap::new();
        let mut counts: Vec<Vec<(u32, u32)>> = Vec::new();
        let mut lengths: Vec<f32> = Vec::new();
        for (position, document) in documents.into_iter().enumerate() {
            for term in document {
                let id = if let Some(id) = terms.get(term.as_str()) {
                    *id
                } else {
                    let id = terms.len() as u32;
                    terms.insert(Arc::from(term.as_str()), id);
                    counts.push(Vec::new());
                    id
                };
                let list = &mut counts[id as usize];
                match list.last_mut() {
                    Some((chunk, n)) if *chunk == position as u32 => *n += 1,
                    _ => list.push((position as u32, 1)),
                }
            }
            lengths.push(document.len() as f32);
        }
        let chunks = lengths.len();
        let average = (lengths.iter().sum::<f32>() / chunks.max(1) as f32).max(1.0);
        let idf: Vec<f32> = counts.iter().map(|list| idf(chunks, list.len())).collect();
        let postings = counts
            .into_iter()
            .zip(&idf)
            .map(|(list, idf)| {
                list.into_iter()
                    .map(|(chunk, n)| {
                        let tf = n as f32;
                        let norm = K1 * (1.0 - B + B * lengths[chunk as usize] / average);
                        Posting { chunk, impact: idf * tf * (K1 + 1.0) / (tf + norm) }
                    })
                    .collect()
            })
            .collect();
        let mut sorted: Vec<Arc<str>> = terms.keys().cloned().collect();
        sorted.sort_unstable();
        Self { terms, sorted, idf, postings, chunks }
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        self.chunks
    }

    /// Whether there is nothing to search.
    pub fn is_empty(&self) -> bool {
        self.chunks == 0
    }

    /// Where a term occurs; empty when nowhere.
    pub fn postings(&self, term: &str) -> &[Posting] {
        self.terms.get(term).map_or(&[], |id| &self.postings[*id as usize])
    }

    /// How rare a term is; a term that never occurs is as rare as can be.
    pub fn idf(&self, term: &str) -> f32 {
        self.terms.get(term).map_or_else(|| idf(self.chunks, 0), |id| self.idf[*id as usize])
    }

    /// Whether any chunk has the term.
    pub fn knows(&self, term: &str) -> bool {
        self.terms.contains_key(term)
    }

    /// A known term that an unknown one may be a misspelling of; the commonest when there are several.
    pub fn misspelt(&self, term: &str) -> Option<&str> {
        let first = term.bytes().next()?;
        let from = self.sorted.partition_point(|known| known.bytes().next() < Some(first));
        let alike = self.sorted[from..].iter().take_while(|known| known.bytes().next() == Some(first));
        let near = alike.filter(|known| is_misspelling(term, known)).map(|known| &**known);
        near.min_by(|a: &&str, b: &&str| self.idf(a).total_cmp(&self.idf(b)).then_with(|| a.cmp(b)))
    }

    /// Adds up the scores of weighted terms, one number a chunk.
    pub fn scores<'a>(&self, terms: impl IntoIterator<Item = (&'a str, f32)>) -> Vec<f32> {
        let mut scores = vec![0.0; self.chunks];
        for (term, weight) in terms {
            for posting in self.postings(term) {
                scores[posting.chunk as usize] += weight * posting.impact;
            }
        }
        scores
    }
}

fn idf(chunks: usize, with_term: usize) -> f32 {
    let (n, df) = (chunks as f32, with_term as f32);
    (1.0 + (n - df + 0.5) / (df + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(documents: &[&str]) -> Bm25 {
        let split: Vec<Vec<String>> = documents.iter().map(|d| d.split(' ').map(str::to_owned).collect()).collect();
        Bm25::build(split.iter().map(Vec::as_slice))
    }

    #[test]
    fn matches_the_formula() {
        let bm25 = index(&["a b", "a a c c", "d"]);
        // N = 3, n(b) = 1, average length 7/3, tf = 1, length 2.
        let idf = (1.0_f32 + 2.5 / 1.5).ln();
        let expected = idf * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * 2.0 / (7.0 / 3.0)));
        let scores = bm25.scores([("b", 1.0)]);
        assert!((scores[0] - expected).abs() < 1e-6);
        assert_eq!(&scores[1..], [0.0, 0.0]);
    }

    #[test]
    fn rare_terms_weigh_more_and_unknown_ones_most() {
        let bm25 = index(&["a b", "a c", "a d"]);
        assert!(bm25.idf("a") < bm25.idf("b") && bm25.idf("b") < bm25.idf("never"));
        assert!(!bm25.knows("never") && bm25.postings("never").is_empty());
    }

    #[test]
    fn a_slip_is_taken_for_the_commonest_word_that_begins_alike() {
        let bm25 = index(&["whitening crown", "whitening witening", "monday éclair"]);
        assert_eq!(bm25.misspelt("whitning"), Some("whitening"));
        assert_eq!(bm25.misspelt("witenings"), Some("witening"));
        assert_eq!(bm25.misspelt("éclairs"), Some("éclair"));
        assert_eq!((bm25.misspelt("bitening"), bm25.misspelt("")), (None, None));
    }

    #[test]
    fn nothing_indexed_finds_nothing() {
        let bm25 = index(&[]);
        assert!(bm25.is_empty() && bm25.scores([("a", 1.0)]).is_empty());
    }
}
