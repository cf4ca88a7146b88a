//! One organisation's knowledge, ready to be asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use super::text::{Analyzer, is_stop_word, synonym_terms, synonyms, topics, words};
use super::{Bm25, Chunk, ChunkKind, StaticVectors, fuse_min_max};
use crate::answer::Apart;

/// Weight of a synonym beside the word that was said. Chosen on `eval/own/faq`.
const SYNONYM_WEIGHT: f32 = 0.3;
/// Weight of the known word that an unknown one is taken to be.
const MISSPELT_WEIGHT: f32 = 0.7;
/// Share of the static vectors in the fused score of an English question; the rest is BM25's.
const STATIC_SHARE: f32 = 0.35;
/// Share of the sentence vectors in the fused score, where there are any.
const SENTENCE_SHARE: f32 = 0.6;

/// Cosines from which a chunk counts as found although it shares no word with the question.
const GIST_LEAST: f32 = 0.2;
const MEANING_LEAST: f32 = 0.05;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The words of the customer.
    pub text: &'a str,
    /// ISO 639-1 code of their language.
    pub language: &'a str,
    /// Sentence vector from the embedder that also made the chunks' vectors, when it is fit for this language.
    pub vector: Option<&'a [f32]>,
}

impl<'a> Question<'a> {
    /// A question without a sentence vector.
    pub fn new(text: &'a str, language: &'a str) -> Self {
        Self { text, language, vector: None }
    }

    /// The same question with its sentence vector.
    #[must_use]
    pub fn with_vector(self, vector: &'a [f32]) -> Self {
        Self { vector: Some(vector), ..self }
    }
}

/// A chunk found, with what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Position in [`Index::chunks`].
    pub position: usize,
    /// Fused score, 0–1, comparable within one search only.
    pub score: f32,
    /// BM25 score.
    pub lexical: f32,
    /// Cosine of the static vectors; 0 outside English.
    pub gist: f32,
    /// Cosine of the sentence vectors; 0 without them.
    pub meaning: f32,
}

/// The separate rankings behind a search, one number a chunk; an empty list means the ranking does not apply.
pub struct Rankings {
    /// BM25.
    pub lexical: Vec<f32>,
    /// Static vectors.
    pub gist: Vec<f32>,
    /// Sentence vectors.
    pub meaning: Vec<f32>,
}

/// An immutable index over chunks; cheap to share behind an [`Arc`].
pub struct Index {
    chunks: Vec<Chunk>,
    terms: Vec<Vec<String>>,
    bm25: Bm25,
    analyzers: BTreeMap<String, Arc<Analyzer>>,
    gist: Matrix,
    meaning: Matrix,
    /// Each chunk taken apart for answers, once it first comes into question.
    apart: Vec<OnceLock<Box<Apart>>>,
}

impl Index {
    /// Builds the index; about 50 µs a chunk.
    pub fn build(chunks: Vec<Chunk>) -> Self {
        let mut analyzers: BTreeMap<String, Arc<Analyzer>> = BTreeMap::new();
        let mut terms = Vec::with_capacity(chunks.len());
        let built_in = StaticVectors::built_in();
        let mut gist = Matrix::default();
        let mut meaning = Matrix::default();
        for chunk in &chunks {
            let analyzer =
                analyzers.entry(chunk.language.clone()).or_insert_with(|| Arc::new(Analyzer::new(&chunk.language)));
            terms.push(chunk_terms(chunk, analyzer));
            let english = chunk.language == "en";
            gist.push(english.then(|| built_in.text(&chunk.embedding_text())).as_deref());
            meaning.push(chunk.vector.as_deref());
        }
        let bm25 = Bm25::build(terms.iter().map(Vec::as_slice));
        let apart = chunks.iter().map(|_| OnceLock::new()).collect();
        Self { chunks, terms, bm25, analyzers, gist, meaning, apart }
    }

    /// The chunks, in the order they were given.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// The index terms of one chunk, headings included.
    pub fn terms_of(&self, position: usize) -> &[String] {
        self.terms.get(position).map_or(&[], Vec::as_slice)
    }

    /// The lexical part, for term weights.
    pub fn bm25(&self) -> &Bm25 {
        &self.bm25
    }

    /// Length of the sentence vectors in this index; nothing when it has none.
    pub fn vector_dims(&self) -> Option<usize> {
        (self.meaning.dims > 0).then_some(self.meaning.dims)
    }

    /// The best `k` chunks for a question, best first; chunks that match nothing are not returned.
    pub fn search(&self, question: &Question<'_>, k: usize) -> Vec<Hit> {
        best(&self.rankings(question), k)
    }

    /// The same with the question's static vector, when the caller has it already.
    pub(crate) fn search_with(&self, question: &Question<'_>, gist: Option<&[f32]>, k: usize) -> Vec<Hit> {
        best(&self.rankings_with(question, gist), k)
    }

    /// A chunk as answers look at it.
    pub(crate) fn apart(&self, position: usize) -> &Apart {
        self.apart[position].get_or_init(|| Box::new(Apart::of(self, &self.chunks[position])))
    }

    /// Every ranking that applies to a question, unfused.
    pub fn rankings(&self, question: &Question<'_>) -> Rankings {
        self.rankings_with(question, None)
    }

    fn rankings_with(&self, question: &Question<'_>, gist: Option<&[f32]>) -> Rankings {
        let terms = self.question_terms(question.text, question.language);
        let lexical = self.bm25.scores(terms.iter().map(|(term, weight)| (term.as_str(), *weight)));
        let gist = if question.language == "en" && self.gist.dims > 0 {
            match gist {
                Some(vector) => self.gist.dot(vector),
                None => self.gist.dot(&StaticVectors::built_in().text(question.text)),
            }
        } else {
            Vec::new()
        };
        let meaning = match question.vector {
            Some(v) if v.len() == self.meaning.dims => self.meaning.dot(v),
            _ => Vec::new(),
        };
        Rankings { lexical, gist, meaning }
    }

    /// The analysers a question in `language` is read with: its own when there are chunks in it, otherwise those of every
    /// language there is, in the order of their codes, so that names and numbers still match.
    pub fn analyzers_for(&self, language: &str) -> Vec<Arc<Analyzer>> {
        match self.analyzers.get(language) {
            Some(own) => vec![own.clone()],
            None => self.analyzers.values().cloned().collect(),
        }
    }

    /// Terms of a question with their weights: what was said counts 1, its synonyms less.
    pub fn question_terms(&self, text: &str, language: &str) -> Vec<(String, f32)> {
        let mut weights: HashMap<String, f32> = HashMap::new();
        let mut order = Vec::new();
        let mut add = |term: String, weight: f32, repeats: bool| match weights.get_mut(&term) {
            Some(w) if repeats => *w += weight,
            Some(w) => *w = w.max(weight),
            None => {
                weights.insert(term.clone(), weight);
                order.push(term);
            }
        };
        for analyzer in self.analyzers_for(language) {
            for word in words(text, language).filter(|w| !is_stop_word(&w.lower, language)) {
                let term = analyzer.term(&word.lower);
                if !self.bm25.knows(&term)
                    && let Some(meant) = self.bm25.misspelt(&term)
                {
                    add(meant.to_owned(), MISSPELT_WEIGHT, false);
                }
                add(term, 1.0, true);
                if analyzer.language() == language {
                    for other in synonym_terms(&word.lower, language) {
                        add(other.clone(), SYNONYM_WEIGHT, false);
                    }
                    continue;
                }
                for other in synonyms(&word.lower, language) {
                    add(analyzer.term(other), SYNONYM_WEIGHT, false);
                }
            }
            for topic in topics(text, language) {
                add(analyzer.term(topic), SYNONYM_WEIGHT, false);
                for other in synonyms(topic, language) {
                    add(analyzer.term(other), SYNONYM_WEIGHT, false);
                }
            }
        }
        order.into_iter().map(|term| (weights[&term], term)).map(|(w, t)| (t, w)).collect()
    }
}

fn chunk_terms(chunk: &Chunk, analyzer: &Analyzer) -> Vec<String> {
    let mut terms = analyzer.terms(&chunk.text);
    terms.extend(analyzer.terms(&chunk.heading));
    if chunk.kind == ChunkKind::Passage && !chunk.heading.starts_with(&chunk.title) {
        terms.extend(analyzer.terms(&chunk.title));
    }
    terms
}

/// The best `k` chunks, best first; chunks that match nothing are left out.
fn best(rankings: &Rankings, k: usize) -> Vec<Hit> {
    let fused = fuse(rankings);
    let at = |list: &[f32], i: usize| list.get(i).copied().unwrap_or(0.0);
    let matches = |i: &usize| {
        at(&rankings.lexical, *i) > 0.0
            || at(&rankings.gist, *i) > GIST_LEAST
            || at(&rankings.meaning, *i) > MEANING_LEAST
    };
    let mut order: Vec<usize> = (0..fused.len()).filter(matches).collect();
    let by_score = |a: &usize, b: &usize| fused[*b].total_cmp(&fused[*a]).then(a.cmp(b));
    if order.len() > k && k > 0 {
        order.select_nth_unstable_by(k - 1, by_score);
    }
    order.truncate(k);
    order.sort_unstable_by(by_score);
    order
        .into_iter()
        .map(|i| Hit {
            position: i,
            score: fused[i],
            lexical: at(&rankings.lexical, i),
            gist: at(&rankings.gist, i),
            meaning: at(&rankings.meaning, i),
        })
        .collect()
}

fn fuse(rankings: &Rankings) -> Vec<f32> {
    if !rankings.meaning.is_empty() {
        return fuse_min_max(&[(&rankings.lexical, 1.0 - SENTENCE_SHARE), (&rankings.meaning, SENTENCE_SHARE)]);
    }
    if !rankings.gist.is_empty() {
        return fuse_min_max(&[(&rankings.lexical, 1.0 - STATIC_SHARE), (&rankings.gist, STATIC_SHARE)]);
    }
    fuse_min_max(&[(&rankings.lexical, 1.0)])
}

/// Row vectors of one length; a chunk without a vector has a row of zeros.
#[derive(Default)]
struct Matrix {
    dims: usize,
    rows: usize,
    data: Vec<f32>,
}

impl Matrix {
    fn push(&mut self, row: Option<&[f32]>) {
        if let Some(row) = row
            && self.dims == 0
        {
            self.dims = row.len();
            self.data = vec![0.0; self.rows * self.dims];
        }
        self.rows += 1;
        match row {
            Some(row) if row.len() == self.dims => self.data.extend_from_slice(row),
            _ => self.data.resize(self.rows * self.dims, 0.0),
        }
    }

    fn dot(&self, vector: &[f32]) -> Vec<f32> {
        if self.dims == 0 || vector.len() != self.dims {
            return Vec::new();
        }
        self.data.chunks_exact(self.dims).map(|row| dot(row, vector)).collect()
    }
}

/// Eight sums side by side, so that the compiler can keep them in vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    for (x, y) in a8.iter().zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f32>()
}
